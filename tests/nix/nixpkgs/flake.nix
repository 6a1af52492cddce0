# Stands in for nixpkgs where that cannot be had: the few functions that this project calls, with
# the arguments and results of the real ones. What needs no nixpkgs is built for real with it: wheels
# are fetched by hash, from a folder, and installed on the Python of this machine. What does need
# nixpkgs (its Python, patching, layers of an image) is only recorded, in `called`.
{
  outputs =
    _:
    let
      lib = import ./lib.nix;
      systems = [
        "aarch64-darwin"
        "aarch64-linux"
        "x86_64-darwin"
        "x86_64-linux"
      ];
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs systems (system: import ./packages.nix { inherit lib system; });
    };
}
