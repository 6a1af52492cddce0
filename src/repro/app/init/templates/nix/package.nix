# The command line: a virtual environment of the locked wheels, made as the Dockerfile makes it.
{
  lib,
  stdenv,
  callPackage,
  python313,
  autoPatchelfHook,
  pythonManylinuxPackages,
}:
let
  wheels = callPackage ./wheels.nix { };
in
stdenv.mkDerivation {
  pname = "repro";
<% if own %>
  version = lib.head (
    builtins.match ''.*__version__ = "([^"]+)".*'' (builtins.readFile ../src/repro/__init__.py)
  );
  src = import ./source.nix [
    "LICENSE"
    "README.md"
    "pyproject.toml"
    "requirements-build.txt"
    "requirements.txt"
    "src"
  ];
<% else %>
  version = "<{ version }>";
  src = import ./source.nix [
    "requirements-repro.txt"
    "requirements.txt"
    "vendor"
  ];
<% endif %>

  nativeBuildInputs = [ python313 ] ++ lib.optionals stdenv.hostPlatform.isLinux [ autoPatchelfHook ];
  # Wheels for Linux count on these libraries being there. Their loader and library paths are
  # patched; their code is left as it is.
  buildInputs = lib.optionals stdenv.hostPlatform.isLinux pythonManylinuxPackages.manylinux2014;
  dontConfigure = true;
  dontBuild = true;
  dontStrip = true;

  installPhase = ''
    runHook preInstall
    export PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=${wheels}
    export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
    export HOME=$TMPDIR PYTHONHASHSEED=0
    python3.13 -m venv build
    python3.13 -m venv --without-pip $out
    into() { build/bin/python -m pip --python "$1" install --no-compile --no-deps "''${@:2}"; }
<% if own %>
    into build/bin/python --require-hashes -r requirements-build.txt
<% endif %>
    into $out/bin/python --require-hashes -r requirements.txt
<% if own %>
    build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist .
    into $out/bin/python --find-links dist repro
<% else %>
    into $out/bin/python --require-hashes -r requirements-repro.txt
<% endif %>
    $out/bin/python -m compileall -q -x '/tests?/' --invalidation-mode unchecked-hash $out/lib
    # What pip notes of each file is not true of the patched ones.
    rm $out/lib/python3.13/site-packages/*.dist-info/RECORD
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    $out/bin/repro --version
    $out/bin/python -c 'import scipy.linalg, sklearn, pandas'
  '';

  passthru = { inherit wheels; };

  meta = {
    description = "Train a scikit-learn model, leave evidence, and let anybody check it";
    license = lib.licenses.mit;
    mainProgram = "repro";
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
}
