# Read by what starts uv (`make setup`, `make lock`, `make places`): the package index that pip is
# configured for is uv's as well.
ask=$(command -v python3 || command -v "${PYTHON:-python}" || echo python3)
of_pip() { "$ask" -m pip config get "global.$1" 2>/dev/null || true; }
: "${UV_DEFAULT_INDEX:=${PIP_INDEX_URL:-$(of_pip index-url)}}"
: "${UV_INDEX:=${PIP_EXTRA_INDEX_URL:-$(of_pip extra-index-url)}}"
: "${UV_INDEX_STRATEGY:=unsafe-best-match}" # as pip does; hashes say what may be installed
export UV_DEFAULT_INDEX UV_INDEX UV_INDEX_STRATEGY
