#!/bin/sh
# Prints a Python interpreter of one of the versions given ("3.11 3.12"), or says why there is none.
#   sh tools/find_python.sh 3.11 3.12
# $PYTHON, if set, is the only candidate. Otherwise the finished .venv comes first, so that the
# second run changes nothing, then what the shell's PATH has.
set -u

usable() {
    # Debian ships Python without venv and ensurepip unless asked: such a one cannot make .venv.
    "$1" - "$versions" 2>/dev/null <<'CHECK'
import sys
import ensurepip
import venv
sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv[1].split())
CHECK
}

versions="$*"
wanted=$(printf '%s' "$versions" | sed 's/ / or /g')
if [ -n "${PYTHON:-}" ]; then
    candidates="$PYTHON"
    usable "$PYTHON" && { printf '%s\n' "$PYTHON"; exit 0; }
    found=$("$PYTHON" --version 2>&1) || found="it does not run: $found"
    echo "PYTHON=$PYTHON cannot be used: Python $wanted with its venv module is needed," >&2
    echo "and this is: $found." >&2
    exit 1
fi

[ -f .venv/complete.json ] && usable .venv/bin/python && { echo .venv/bin/python; exit 0; }
for candidate in python3 python3.12 python3.11 python; do
    usable "$candidate" && { printf '%s\n' "$candidate"; exit 0; }
done

echo "No usable Python found: the course needs Python $wanted with its venv module, and" >&2
echo "the PATH has python3: $(python3 --version 2>&1 || true). Install one (on Debian: python3.12-venv)" >&2
echo "or name it: make setup PYTHON=/path/to/python3.12" >&2
exit 1
