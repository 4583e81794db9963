#!/bin/sh
# Brings .venv in line with the locks; `make setup` runs it. A second run finds it done.
#
#   sh tools/setup.sh                                         .venv, and TFOD2's files in .venv/tfod2
#   sh tools/setup.sh .venv-render requirements/render.txt    another environment, from one list
#
# uv does the work. Where there is none it comes from the package index, in the version and with the
# hashes of the lock; with UV=none, or where it cannot be had, pip installs the same files, slower.
# PYTHON names the interpreter (3.12, python3.12 or a path). Without it an environment keeps the one
# that it has; for a new one uv takes a suitable one from the PATH, or fetches one. Both use the
# package index that pip is configured for.
set -eu
cd "$(dirname "$0")/.."
venv=${1:-.venv}
lists=${2:-requirements/dev.lock requirements/garden.txt}
python=$venv/bin/python
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX VIRTUAL_ENV

had=$({ "$python" --version > /dev/null && cat "$venv/complete"; } 2> /dev/null || true)
of=${PYTHON:-${had##* Python }}
state="$(cat $lists requirements/tfod2.txt tools/setup.sh | cksum) Python ${of:-any}"
[ "$had" = "$state" ] && exit 0

# uv looks for interpreters on the PATH, where pyenv puts only stubs for those of its versions in use.
for bin in "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin; do PATH=$PATH:$bin; done

. tools/index.sh
: "${UV_PYTHON_PREFERENCE:=system}"
export UV_PYTHON_PREFERENCE PIP_ROOT_USER_ACTION=ignore

uv=${UV:-$(command -v uv || true)}
if [ -z "$uv" ]; then
    uv=build/uv/bin/uv
    mkdir -p build/uv
    awk '/^uv==/ { on = 1 } on && /^ *#/ { exit } on' requirements/dev.lock > build/uv/uv.txt
    [ -x $uv ] || "$ask" -m pip install --quiet --disable-pip-version-check --target build/uv \
        --require-hashes -r build/uv/uv.txt || { echo "No uv: pip does its work." >&2; uv=none; }
fi

# Before anything is removed: is there a Python that suits?
if [ "$uv" = none ]; then
    found=${PYTHON:-python3}
else
    want=${PYTHON:->=3.11,<3.14}
    found=$("$uv" python find --no-python-downloads "$want" 2>/dev/null) || {
        "$uv" python install --quiet "$want" && found=$("$uv" python find "$want")
    } || {
        echo "No ${PYTHON:-Python 3.11, 3.12 or 3.13} here, and uv could not fetch it: install it, or" >&2
        echo "give the path of one: make setup PYTHON=/path/to/python3.12" >&2
        exit 1
    }
fi
"$found" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
    echo "Python 3.11, 3.12 or 3.13 is needed (TensorFlow has no wheels for 3.14). Name one:" >&2
    echo "make setup PYTHON=/path/to/python3.12, or install uv, which fetches one." >&2
    exit 1
}

echo "Preparing $venv from $lists: half a minute, with pip two." >&2
rm -f "$venv/complete" # an installation that is interrupted leaves none
# Only the difference is installed where the environment was complete and the same Python is wanted.
case $had in *" Python ${of:-any}") ;; *) rm -rf "$venv" ;; esac
if [ "$uv" = none ]; then
    [ -d "$venv" ] || "$found" -m venv "$venv"
    install="$python -m pip install --quiet --disable-pip-version-check"
else
    [ -d "$venv" ] || "$uv" venv --quiet --python "$found" "$venv"
    install="$uv pip install --quiet --python $python --compile-bytecode"
fi
run() { "$@" || { echo "Failed: $*. Is the package index reachable? Then run it again." >&2; exit 1; }; }
if [ -n "${2:-}" ]; then
    run $install -r "$lists"
elif [ "$uv" = none ]; then
    run $install --no-deps --require-hashes -r requirements/dev.lock -r requirements/garden.txt
else # removes what left the lock, too
    run "$uv" pip sync --quiet --python "$python" --compile-bytecode --require-hashes $lists
fi
if [ -z "${2:-}" ]; then
    # Its packages would overwrite others (`datasets`), so they lie aside; its one source archive is
    # built with the lock's own setuptools.
    run $install --no-deps --require-hashes --no-build-isolation --target "$venv/tfod2" --upgrade \
        -r requirements/tfod2.txt
fi
echo "$state" > "$venv/complete"
echo "$venv is ready: $("$python" --version)." >&2
