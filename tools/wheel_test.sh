#!/usr/bin/env bash
# Build this project's wheel and test it where its source is not.
#
#   tools/wheel_test.sh FOLDER [ARGUMENT...]    arguments are for pytest; FOLDER is emptied first
#
# PYTHON names the Python to build with: one with the locked packages (make setup).
set -euo pipefail
shopt -s inherit_errexit

[[ $# -gt 0 && $1 != -* ]] || {
    echo "usage: tools/wheel_test.sh FOLDER [ARGUMENT...]" >&2
    exit 2
}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}
rm -rf "$1"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
# The tests of the package: those of the repository, such as its lock and its tools, need a source.
tests=()
for path in "$project"/src/repro/*/; do
    name=$(basename "$path")
    [[ ! -d $project/tests/$name ]] || tests+=("tests/$name")
done

pip=(-m pip --disable-pip-version-check -q)
"$python" "${pip[@]}" wheel --no-deps --no-build-isolation --no-index -w "$folder/dist" "$project"
echo "built $(basename "$folder"/dist/*.whl)"

"$python" -m venv "$folder/venv"
python=$folder/venv/bin/python
for lock in requirements requirements-dev; do
    "$python" "${pip[@]}" install --only-binary :all: --require-hashes -r "$project/$lock.txt"
done
"$python" "${pip[@]}" install --no-deps --no-index "$folder"/dist/*.whl

mkdir "$folder/tree"
for name in configs data reference scripts tests tools pyproject.toml requirements.txt README.md; do
    cp -R "$project/$name" "$folder/tree"
done

cd "$folder/tree"
"$python" -c 'import repro, sys; sys.exit("site-packages" not in repro.__file__)' || {
    echo "the tests would not be of the wheel" >&2
    exit 1
}
# One test takes the source to a Python that it makes itself.
exec "$python" -m pytest -n 2 "${tests[@]}" "$@" \
    --deselect tests/cli/test_train.py::test_another_version_of_python_gives_the_same_bytes
