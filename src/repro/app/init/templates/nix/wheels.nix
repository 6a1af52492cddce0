# A folder of the very wheels that Docker and `make setup` install: each is fetched by its hash, and
# by its name alone, since where packages are served from is fetchPypi's to know.
{
  lib,
  stdenv,
  fetchPypi,
  linkFarm,
}:
let
  index = builtins.fromJSON (builtins.readFile ./wheels.json);
  here = lib.filter (wheel: lib.elem stdenv.hostPlatform.system wheel.systems) index.wheels;

  # The five parts of a wheel's name; one with a build number has six, and would not be found.
  parts = wheel: builtins.match "([^-]+)-([^-]+)-([^-]+)-([^-]+)-([^-]+)[.]whl" wheel.file;
  fetch =
    wheel:
    let
      part = lib.elemAt (parts wheel);
    in
    fetchPypi {
      format = "wheel";
      pname = part 0;
      version = part 1;
      dist = part 2;
      python = part 2;
      abi = part 3;
      platform = part 4;
      inherit (wheel) sha256;
    };
in
linkFarm "repro-wheels" (
  map (wheel: {
    name = wheel.file;
    path = fetch wheel;
  }) here
)
