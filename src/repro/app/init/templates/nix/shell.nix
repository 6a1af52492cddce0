# What `make setup` and `make test` need. Wheels for Linux find their libraries by the variable.
{
  lib,
  stdenv,
  mkShell,
  git,
  gnumake,
  python313,
  pythonManylinuxPackages,
}:
mkShell (
  {
    packages = [
      git
      gnumake
      python313
    ];
    PYTHON = "${python313}/bin/python3.13";
  }
  // lib.optionalAttrs stdenv.hostPlatform.isLinux {
    LD_LIBRARY_PATH = lib.makeLibraryPath pythonManylinuxPackages.manylinux2014;
  }
)
