# The voice of the tests in bash: one line for each check, `ok NAME` or `not ok NAME: why`, and a last
# line `N passed, N failed`. Programs in other languages print the same lines and are heard with `hear`.

passed=0
failed=0

ok() {
  echo "ok $1"
  passed=$((passed + 1))
}

not_ok() {
  echo "not ok $1: $2"
  failed=$((failed + 1))
}

# equal NAME FOUND WANTED
equal() {
  if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "wanted $3, found ${2:-nothing}"; fi
}

# contains NAME TEXT PART
contains() {
  if [[ $2 == *"$3"* ]]; then ok "$1"; else not_ok "$1" "no $3 in ${2:0:300}"; fi
}

# quiet NAME COMMAND...: the command succeeds; what it says is shown only where it does not.
quiet() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then ok "$name"; else
    echo "$said"
    not_ok "$name" "$(basename "$1") refused it"
  fi
}

# hear NAME COMMAND...: shows and counts what a program of checks prints. Dying without a failed check, and
# printing no check at all, are failures too. 120 s: the slowest needs 10 s on a busy machine.
hear() {
  local name=$1 said status=0 good bad
  shift
  said=$(timeout 120 "$@" 2>&1) || status=$?
  echo "$said"
  good=$(grep -c '^ok ' <<<"$said") || true
  bad=$(grep -c '^not ok ' <<<"$said") || true
  passed=$((passed + good)) failed=$((failed + bad))
  if ((bad == 0 && (status != 0 || good == 0))); then
    not_ok "$name" "ended with $status after $good checks"
  fi
}

# The last line, and the verdict as exit code.
summary() {
  echo "$passed passed, $failed failed"
  ((failed == 0))
}
