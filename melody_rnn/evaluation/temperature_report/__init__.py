"""What temperature does to a model's melodies: measured, drawn, and written as a page that explains it.

`table.measure_temperatures` gives a row of figures for each temperature, beside those of the real tunes that
`real_tunes.read_real_tunes` reads; `figures.draw_diversity_against_mistakes` draws them; `page.write_report` writes all
of it as a folder.
"""
