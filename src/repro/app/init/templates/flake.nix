{
  description = "<{ description.rstrip(".") }>";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { nixpkgs, ... }:
    let
      index = builtins.fromJSON (builtins.readFile ./nix/wheels.json);
      # The systems that every locked package has a wheel for.
      systems = builtins.attrNames (
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = null;
          }) (builtins.concatMap (wheel: wheel.systems) index.wheels)
        )
      );
      each = outputs: nixpkgs.lib.genAttrs systems (system: outputs nixpkgs.legacyPackages.${system});

      repro = pkgs: pkgs.callPackage ./nix/package.nix { };
      image = pkgs: pkgs.callPackage ./nix/image.nix { repro = repro pkgs; };
      app = program: {
        type = "app";
        program = toString program;
      };
    in
    {
      packages = each (
        pkgs:
        { default = repro pkgs; }
        // nixpkgs.lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux { image = image pkgs; }
      );

      apps = each (
        pkgs:
        let
          command =
            name:
            app (pkgs.writeShellScript "repro-${name}" ''exec ${repro pkgs}/bin/repro ${name} "$@"'');
        in
        {
          default = app "${repro pkgs}/bin/repro";
          train = command "train";
          verify = command "verify";
        }
      );

      devShells = each (pkgs: {
        default = pkgs.callPackage ./nix/shell.nix { };
      });

      checks = each (
        pkgs:
        import ./nix/checks.nix {
          repro = repro pkgs;
          inherit (pkgs) runCommand;
        }
      );
    };
}
