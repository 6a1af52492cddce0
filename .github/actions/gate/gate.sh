#!/usr/bin/env bash
# Compares a candidate with a base, each of which is trained if nobody names it. The variables are
# the inputs of action.yml; none of them is ever read as code.
set -euo pipefail

fail() {
  printf '::error::%s\n' "$1"
  printf 'The gate could not be asked: %s\n' "$1" >>"$GITHUB_STEP_SUMMARY"
  exit "$2"
}

# Trains in a project ($1) into a folder of runs ($2), and sets "trained" to the run.
train() {
  "${program[@]}" train ${arguments[@]+"${arguments[@]}"} --project "$1" --runs "$2" \
    || fail "the training in $1 failed: see the log" 3
  local found=("$2"/*/lineage.json)
  [ "${#found[@]}" -eq 1 ] && [ -f "${found[0]}" ] || fail "expected one run in $2" 3
  trained=$(dirname "${found[0]}")
}

# Checks out the commit of the base ($1) beside the project, and sets "checkout" to its project.
check_out() {
  local commit inside
  commit=$(git -C "$PROJECT" rev-parse --verify --quiet --end-of-options "$1^{commit}") \
    || fail "git knows no commit '$1': check out with fetch-depth: 0, or set the input base-ref" 3
  inside=$(git -C "$PROJECT" rev-parse --show-prefix)
  git -C "$PROJECT" worktree add --quiet --detach "$work/checkout" "$commit" \
    || fail "the commit $commit cannot be checked out" 3
  checkout=$work/checkout/$inside
}

# What a word is: an input has no quotes, so that words end at spaces.
read -ra program <<<"$REPRO"
read -ra arguments <<<"$TRAIN"
asked=()
while IFS= read -r each; do
  each=${each%$'\r'}
  case "$each" in *[![:space:]]*) asked+=(--gate "$each") ;; esac
done <<<"$GATES"
[ "${#program[@]}" -gt 0 ] || fail "the input repro is empty" 2
[ "${#asked[@]}" -gt 0 ] || fail "the input gates is empty" 2

work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/gate.XXXXXX")
reports=$work/reports
if [ -z "$CANDIDATE" ]; then
  train "$PROJECT" "$work/candidate"
  CANDIDATE=$trained
fi
if [ -z "$BASE" ]; then
  ref=${BASE_REF:-${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}}
  [ -n "$ref" ] || fail "there is no base: set the input base or base-ref" 2
  check_out "$ref"
  train "$checkout" "$work/base"
  git -C "$PROJECT" worktree remove --force "$work/checkout"
  BASE=$trained
fi

level=()
[ -z "$LEVEL" ] || level=(--level "$LEVEL")
status=0
"${program[@]}" compare "$BASE" "$CANDIDATE" --project "$PROJECT" "${asked[@]}" ${level[@]+"${level[@]}"} \
  --markdown "$reports/gate.md" --junit "$reports/gate.xml" || status=$?
[ -f "$reports/gate.md" ] || fail "repro compare ended with status $status: see the log" "$status"
cat "$reports/gate.md" >>"$GITHUB_STEP_SUMMARY"
printf 'reports=%s\n' "$reports" >>"$GITHUB_OUTPUT"
exit "$status"
