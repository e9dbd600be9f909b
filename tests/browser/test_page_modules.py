"""The tests of the page's own modules: files, sound, keys and texts, without a browser."""

import subprocess


def test_the_pages_modules(page_sources):
    for command in (["npx", "tsc", "--noEmit"], ["npm", "test", "--silent"]):
        result = subprocess.run(command, cwd=page_sources, capture_output=True, text=True, timeout=300, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
