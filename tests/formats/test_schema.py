"""The MusicXML that we write is valid by the schema of MusicXML 4.0, which the wheel `musicxml` carries."""

import importlib.util
import random
from pathlib import Path

import pytest
from lxml import etree

from melody_rnn.formats.musicxml.writer import musicxml_bytes
from tests.formats.random_scores import random_score

# The schema takes these from the web; only their names matter here.
IMPORTED = {
    "xml.xsd": ("http://www.w3.org/XML/1998/namespace", ("lang", "space")),
    "xlink.xsd": ("http://www.w3.org/1999/xlink", ("actuate", "href", "role", "show", "title", "type")),
}
SCHEMA = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}">{}</xs:schema>'


class Resolver(etree.Resolver):
    def resolve(self, system_url, public_id, context):
        name = system_url.rpartition("/")[2]
        if name not in IMPORTED:
            return None
        namespace, attributes = IMPORTED[name]
        declared = "".join(f'<xs:attribute name="{attribute}" type="xs:string"/>' for attribute in attributes)
        return self.resolve_string(SCHEMA.format(namespace, declared), context)


@pytest.fixture(scope="module")
def schema():
    package = Path(importlib.util.find_spec("musicxml").submodule_search_locations[0])
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Resolver())
    return etree.XMLSchema(etree.parse(package / "generate_classes" / "musicxml_4_0.xsd", parser))


@pytest.mark.parametrize("seed", range(100))
def test_what_we_write_is_valid(schema, seed):
    schema.assertValid(etree.fromstring(musicxml_bytes(random_score(random.Random(seed)))))


def test_what_is_not_valid_is_found(schema):
    data = musicxml_bytes(random_score(random.Random(1))).replace(b"<duration>", b"<durations>", 1)
    data = data.replace(b"</duration>", b"</durations>", 1)
    assert not schema.validate(etree.fromstring(data))
