<% if own %>
# What `nix flake check` builds: the lock agrees with what is installed, and a training reproduces.
<% else %>
# What `nix flake check` builds: a result of the project reproduces.
<% endif %>
{ repro, runCommand }:
let
  project = import ./source.nix [
<% if own %>
    "configs"
    "data"
    "nix"
    "requirements-build.txt"
    "requirements-dev.txt"
    "requirements-exchange.txt"
    "requirements-oldest.txt"
    "requirements-scripts.txt"
    "requirements.txt"
    "sbom.json"
    "tools"
<% else %>
<% for part in parts %>
    "<{ part }>"
<% endfor %>
<% endif %>
  ];
in
{
<% if own %>
  lock = runCommand "repro-check-lock" { } ''
    cd ${project}
    ${repro}/bin/python -m tools.lock --check
    touch $out
  '';

<% endif %>
  verify = runCommand "repro-check-verify" { } ''
    cp -r ${project} project
    chmod -R u+w project
    cd project
    export HOME=$TMPDIR
<% if script %>
    ${repro}/bin/repro record -- python <{ quoted }>
    ${repro}/bin/repro verify --quiet --run-command
<% else %>
    ${repro}/bin/repro train --quiet --profile debug
    ${repro}/bin/repro verify --quiet
<% endif %>
    mkdir $out
    cp -r runs $out
  '';
}
