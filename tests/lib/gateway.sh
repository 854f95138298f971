# A running gateway for tests in bash, on its own sandbox and on free ports. Source this file, then
#
#   start_gateway BINARY   sets $GATEWAY (http://host:port) and $ADMIN; the process ends with the shell
#   log_in                 sets $TOKEN, got through the gateway's own GraphQL door
#   stop_gateway           ends it early; harmless where nothing runs
#
# Never prints the token, and never ends a process that it did not start.

gateway_pid=

# The gateway ends when its standard input does, so not even `kill -9` of the test leaves one behind.
start_gateway() {
  local binary=$1 line
  [[ -x $binary ]] || { echo "no gateway at $binary: cargo build first, or name one" >&2; return 2; }
  gateway_log=$(mktemp)
  coproc gateway {
    exec env PEERASSIST_LOG__FILTER=warn "$binary" serve --sandbox --set demo --listen 127.0.0.1:0 \
      --admin-listen 127.0.0.1:0 --exit-with-stdin 2>"$gateway_log"
  }
  gateway_pid=$!
  trap stop_gateway EXIT
  # Bash hides a coprocess' pipes from subshells; copies of them are seen by all.
  exec {gateway_out}<&"${gateway[0]}" {gateway_in}>&"${gateway[1]}"
  # 30 s: a debug build on a busy machine needs 1 s.
  while read -r -t 30 line <&"$gateway_out"; do
    case $line in
      "gateway: "*) GATEWAY=${line#gateway: } ;;
      "admin: "*) ADMIN=${line#admin: } ;;
      "sandbox: "*) break ;;
    esac
  done
  [[ -n ${GATEWAY:-} ]] || { echo "the gateway did not start:" >&2; tail -20 "$gateway_log" >&2; return 1; }
  export GATEWAY ADMIN
}

# The user and the password of the sandbox's demo set.
export DEMO_USER=admin@lakeline.example DEMO_PASSWORD=demo-password

log_in() {
  local body='{"query":"mutation($i: LoginInput!) { login(input: $i) { token } }","variables":{"i":{"userName":"'$DEMO_USER'","password":"'$DEMO_PASSWORD'"}}}'
  TOKEN=$(curl -sS --max-time 20 "$GATEWAY/graphql" -H 'content-type: application/json' -d "$body" |
    sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
  [[ -n $TOKEN ]] || { echo "no login at $GATEWAY" >&2; return 1; }
  export TOKEN
}

stop_gateway() {
  [[ -n $gateway_pid ]] || return 0
  exec {gateway_in}>&-
  kill "$gateway_pid" 2>/dev/null || true
  wait "$gateway_pid" 2>/dev/null || true
  gateway_pid=
  rm -f "$gateway_log"
}
