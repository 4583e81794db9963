"""Commands for preparing, running, checking and exporting the course; labs never import them."""

import sys

# nbformat checks notebooks with jsonschema, which at import loads a grammar for internationalised
# addresses: over 2 s, for a format that no notebook's schema has. Without it, jsonschema leaves out
# that one check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
