{ lib, system }:
let
  # Written by the tests: where Python and the wheels of this machine are.
  machine = builtins.fromJSON (builtins.readFile ./machine.json);
  run =
    name: script: variables:
    derivation (
      {
        inherit name system;
        builder = machine.bash;
        # The shell itself ends last: Nix takes a closed output for the end, and kills what is left.
        args = [
          "-euc"
          "${script}\nexit 0"
        ];
        PATH = machine.path;
      }
      // variables
    );
  named = name: run name "mkdir $out" { };

  fetchurl =
    { url, sha256 }:
    derivation {
      name = baseNameOf url;
      system = "builtin";
      builder = "builtin:fetchurl";
      inherit url;
      urls = [ url ];
      outputHash = sha256;
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
      executable = false;
      unpack = false;
      preferLocalBuild = true;
    };

  packages = {
    inherit lib fetchurl;
    autoPatchelfHook = named "auto-patchelf-hook";
    git = named "git";
    gnumake = named "gnumake";
    python313 = named "python3-3.13";
    pythonManylinuxPackages.manylinux2014 = map named [
      "glibc"
      "gcc-lib"
      "zlib"
    ];

    callPackage =
      file: arguments:
      let
        function = import file;
        result = function (builtins.intersectAttrs (builtins.functionArgs function) packages // arguments);
      in
      # The real one adds this to every set, wanted or not.
      result // { override = throw "nothing here is overridden"; };

    # An index serves a wheel under its tag, the first letter of its name, and its name.
    fetchPypi =
      {
        format ? "setuptools",
        pname,
        version,
        sha256,
        dist ? "py2.py3",
        python ? "py2.py3",
        abi ? "none",
        platform ? "any",
      }:
      assert format == "wheel";
      fetchurl {
        url = "file://${machine.wheels}/${dist}/${builtins.substring 0 1 pname}/${pname}/${pname}-${version}-${python}-${abi}-${platform}.whl";
        inherit sha256;
      };

    linkFarm =
      name: entries:
      run name (
        "mkdir $out\n"
        + builtins.concatStringsSep "\n" (map (entry: "ln -s ${entry.path} $out/${entry.name}") entries)
      ) { }
      // {
        called = entries;
      };

    stdenv = {
      hostPlatform = {
        inherit system;
        isLinux = builtins.match ".*-linux" system != null;
      };
      mkDerivation =
        arguments:
        run "${arguments.pname}-${arguments.version}" (builtins.readFile ./phases.sh) {
          inherit (arguments) src installPhase installCheckPhase;
        }
        // {
          inherit (arguments) version;
          called = arguments;
        }
        // arguments.passthru or { };
    };

    mkShell = arguments: named "shell" // { called = arguments; };
    runCommand = name: variables: script: run name script variables;
    writeShellScript =
      name: text: run name ''printf '#!%s -e\n%s\n' "$SHELL" "$text" >$out; chmod +x $out'' {
        inherit text;
        SHELL = machine.bash;
      };

    dockerTools.streamLayeredImage =
      arguments:
      run arguments.name "mkdir $out; cd $out; eval \"$extraCommands\"" {
        inherit (arguments) extraCommands;
      }
      // {
        called = arguments;
      };
  };
in
packages
