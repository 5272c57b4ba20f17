# The steps of installer/quickstart, in its order. Each can run again over what it made before.
# They use root, here, bin, state, state_option, and port (of the command line; may be empty).

usage_error() { printf 'quickstart: %s. See: installer/quickstart --help\n' "$1" >&2; exit 2; }

# our_pid NAME FILE: the pid in FILE, if it still is the program NAME that was started with this state folder. Looks only at what
# everybody may see: bursard's memory is its own, so that /proc/PID/exe is closed even to the user who started it.
our_pid() {
    local pid name words
    pid=$(cat "$2" 2>/dev/null) || return 1
    [[ "$pid" =~ ^[0-9]+$ ]] || return 1
    # The kernel keeps 15 bytes of the name.
    name=$(cat "/proc/$pid/comm" 2>/dev/null) || return 1
    [ "$name" = "${1:0:15}" ] || return 1
    words=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline") || return 1
    case "$words" in *"$state/"*) echo "$pid" ;; *) return 1 ;; esac
}

# in_background LOG PROGRAM WORD...: starts a program that outlives this script; its pid is $!. Of the environment it gets only what it
# needs: whatever else is there stays readable in /proc/PID/environ for as long as it runs, and provider keys are often there.
in_background() {
    local log=$1 name
    local -a kept=()
    shift
    for name in PATH HOME LANG LC_ALL TZ TMPDIR SSL_CERT_FILE SSL_CERT_DIR; do
        if [ -n "${!name:-}" ]; then kept+=("$name=${!name}"); fi
    done
    # More blocks of each size wait for a thread than malloc keeps by itself: a call takes and gives dozens of them.
    setsid nohup env -i GLIBC_TUNABLES=glibc.malloc.tcache_count=127 "${kept[@]}" "$@" >>"$log" 2>&1 </dev/null 9>&- &
}

stop_service() {
    local pid tries=0
    if ! pid=$(our_pid "$1" "$2"); then say "$1 does not run"; return; fi
    kill -TERM "$pid"
    # bursard lets streams end first, for at most drain_seconds.
    while kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -le 400 ] || die "$1 (pid $pid) has not ended after 40 seconds; look at $state/log"
        sleep 0.1
    done
    rm -f "$2"
    say "$1 stopped"
}

build_programs() {
    local log=$state/log/build.log
    say "build (some ten minutes on two processors the first time)"
    cmake -S "$root" --preset release -DBURSAR_TESTS=OFF >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "configure failed; the whole log is $log"; }
    if [ -t 2 ]; then
        cmake --build "$root/build/release" --target bursard bursarctl bursar-courier bursar-demo-provider >&2 || die "the build failed; see the lines above"
    else
        cmake --build "$root/build/release" --target bursard bursarctl bursar-courier bursar-demo-provider >"$log" 2>&1 ||
            { grep -E -A8 'error:|FAILED:' "$log" | head -n 40 >&2; die "the build failed; the whole log is $log"; }
    fi
}

# The pages in the browser: bursard serves what it finds in build/console.
build_console() {
    "$here/console" >&2 || die "the console could not be built; see the lines above"
}

make_certificates() {
    local tls=$state/tls
    [ ! -s "$tls/server.pem" ] || return 0
    say "certificates"
    local names="IP:127.0.0.1,DNS:localhost,DNS:$(uname -n)"
    {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "/CN=Bursar quickstart CA" \
            -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
            -keyout "$tls/ca.key" -out "$tls/ca.pem"
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$tls/server.key" -out "$tls/server.csr"
        openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 397 -out "$tls/server.new" \
            -extfile <(printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n' "$names")
    } 2>"$state/log/openssl.log" || { cat "$state/log/openssl.log" >&2; die "openssl could not make the certificates"; }
    # The name appears last, so that a broken run is begun again.
    mv "$tls/server.new" "$tls/server.pem"
    rm -f "$tls/server.csr"
}

make_master_key() {
    if [ -s "$state/master.key" ]; then return; fi
    openssl rand -hex 32 >"$state/master.key.new"
    mv "$state/master.key.new" "$state/master.key"
}

start_demo_provider() {
    local pid="" tries=0 demo_port=0
    [ -s "$state/demo.key" ] || printf 'demo-%s' "$(openssl rand -hex 16)" >"$state/demo.key"
    if ! pid=$(our_pid bursar-demo-provider "$state/run/demo.pid"); then
        # The policy names the port, so the one of the first run is kept.
        if [ -s "$state/demo.port" ]; then demo_port=$(cat "$state/demo.port"); fi
        say "demo provider"
        rm -f "$state/run/demo.port"
        in_background "$state/log/demo.log" "$bin/bursar-demo-provider" --port "$demo_port" --port-file "$state/run/demo.port" \
            --key-file "$state/demo.key" --bill "$state/log/demo-bill.jsonl"
        pid=$!
        echo "$pid" >"$state/run/demo.pid"
        while [ ! -s "$state/run/demo.port" ]; do
            tries=$((tries + 1))
            kill -0 "$pid" 2>/dev/null || { tail -n 5 "$state/log/demo.log" >&2; die "the demo provider did not start; is port $demo_port in use?"; }
            [ "$tries" -le 100 ] || die "the demo provider did not say its port within ten seconds; look at $state/log/demo.log"
            sleep 0.1
        done
        cp "$state/run/demo.port" "$state/demo.port"
    fi
    demo_pid=$pid
    demo_url=http://127.0.0.1:$(tr -d '[:space:]' <"$state/demo.port")
}

# The demo organisation, and what the environment adds to it. Written anew at every run; a service that has a policy already is
# changed by what is new only (see add_providers).
make_policy() {
    local file
    for file in "$root"/service/demo/policy/*.yaml; do
        sed "s|@DEMO_URL@|$demo_url|g" "$file" >"$state/policy/$(basename "$file")"
    done
    rm -f "$state"/policy/environment-*.yaml
    if [ -n "${OPENAI_API_KEY:-}" ] || [ -n "${OPENAI_BASE_URL:-}" ]; then
        provider_document openai openai "${OPENAI_BASE_URL:-https://api.openai.com/v1}" "${OPENAI_API_KEY:+environment-openai}" gpt-4o gpt-4o-mini
    fi
    if [ -n "${ANTHROPIC_API_KEY:-}" ]; then
        provider_document anthropic anthropic "https://api.anthropic.com" environment-anthropic claude-sonnet-4-5 claude-haiku-4-5
    fi
}

# provider_document NAME DIALECT URL SECRET MODEL...
provider_document() {
    local name=$1 dialect=$2 url=$3 secret=$4 model
    shift 4
    [[ "$url" =~ ^https?://[^[:space:]\"]+$ ]] || die "the base URL '$url' of $name is not one; unset it or write it like https://host/v1"
    {
        echo "# Added by installer/quickstart from the environment."
        echo "providers:"
        echo "  $name:"
        echo "    dialect: $dialect"
        echo "    base_url: \"$url\""
        if [ -n "$secret" ]; then echo "    keys: [{secret: $secret}]"; fi
        echo "models:"
        for model in "$@"; do echo "  $model: {channels: [{provider: $name, model: $model}]}"; done
    } >"$state/policy/environment-$name.yaml"
}

make_configuration() {
    if [ -s "$state/bursard.ini" ]; then
        if [ -n "$port" ]; then sed -i "s/^port = .*/port = $port/" "$state/bursard.ini"; fi
    else
        cat >"$state/bursard.ini" <<INI
; Made by installer/quickstart. docs/operate/configuration.md says what else there is.
[listen]
address = 127.0.0.1
port = ${port:-8443}
certificate = tls/server.pem
private_key = tls/server.key
port_file = run/port

[state]
folder = data

[master_key]
source = file
file = master.key

[policy]
initial = policy

[log]
level = info
INI
    fi
    port=$(sed -n 's/^port = \([0-9]*\)$/\1/p' "$state/bursard.ini")
    origin=https://127.0.0.1:$port
}

issue_operator_token() {
    if [ -s "$state/operator.token" ]; then return; fi
    if our_pid bursard "$state/run/bursard.pid" >/dev/null; then stop_service bursard "$state/run/bursard.pid"; fi
    say "operator token"
    "$bin/bursard" --config "$state/bursard.ini" --issue-operator admin 2>"$state/log/issue-operator.log" | tail -n 1 >"$state/operator.token.new" ||
        { tail -n 5 "$state/log/issue-operator.log" >&2; die "bursard could not issue the operator token"; }
    mv "$state/operator.token.new" "$state/operator.token"
}

# There is no directory here to sign in by, so the browser gets the local account that is there for emergencies.
make_local_account() {
    if [ -s "$state/break-glass.passphrase" ]; then return; fi
    if our_pid bursard "$state/run/bursard.pid" >/dev/null; then stop_service bursard "$state/run/bursard.pid"; fi
    say "an account for the browser"
    "$bin/bursard" --config "$state/bursard.ini" --break-glass admin 2>"$state/log/break-glass.log" | tail -n 1 >"$state/break-glass.passphrase.new" ||
        { tail -n 5 "$state/log/break-glass.log" >&2; die "bursard could not make the account for the browser"; }
    mv "$state/break-glass.passphrase.new" "$state/break-glass.passphrase"
}

start_bursard() {
    local running_port
    if bursard_pid=$(our_pid bursard "$state/run/bursard.pid"); then
        running_port=$(tr -d '[:space:]' <"$state/run/port" 2>/dev/null || true)
        [ "$running_port" = "$port" ] || die "Bursar runs already, on port $running_port. To move it: installer/quickstart$state_option --stop, then start it with --port $port"
        return
    fi
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        die "port $port is in use by another program. Take another one: installer/quickstart$state_option --port $((port < 65000 ? port + 1000 : 9443))"
    fi
    say "bursard"
    rm -f "$state/run/port"
    in_background "$state/log/bursard.log" "$bin/bursard" --config "$state/bursard.ini"
    bursard_pid=$!
    echo "$bursard_pid" >"$state/run/bursard.pid"
}

# It waits for bursard's socket by itself.
start_courier() {
    if courier_pid=$(our_pid bursar-courier "$state/run/courier.pid"); then return; fi
    say "bursar-courier"
    in_background "$state/log/courier.log" "$bin/bursar-courier" --socket "$state/data/courier.sock"
    courier_pid=$!
    echo "$courier_pid" >"$state/run/courier.pid"
}

wait_until_ready() {
    local tries=0 answer=$state/run/readyz.json
    until [ "$(curl -s --noproxy '*' -m 2 -o "$answer" -w '%{http_code}' --cacert "$state/tls/ca.pem" "$origin/readyz")" = 200 ]; do
        tries=$((tries + 1))
        kill -0 "$bursard_pid" 2>/dev/null || { tail -n 5 "$state/log/bursard.log" >&2; die "bursard ended at once; its last words are above, the rest is in $state/log/bursard.log"; }
        if [ "$tries" -gt 150 ]; then
            jq -r '.checks[]? | select(.good | not) | "  \(.name): \(.text)"' "$answer" >&2 2>/dev/null || true
            die "bursard is not ready after 30 seconds; see above and $state/log/bursard.log"
        fi
        sleep 0.2
    done
}

ctl() { "$bin/bursarctl" --url "$origin" --ca-file "$state/tls/ca.pem" --token-file "$state/operator.token" "$@"; }

fill_vault() {
    say "provider keys into the vault"
    ctl secret put demo <"$state/demo.key" >/dev/null
    if [ -n "${OPENAI_API_KEY:-}" ]; then printf '%s' "$OPENAI_API_KEY" | ctl secret put environment-openai >/dev/null; fi
    if [ -n "${ANTHROPIC_API_KEY:-}" ]; then printf '%s' "$ANTHROPIC_API_KEY" | ctl secret put environment-anthropic >/dev/null; fi
    add_providers
}

# What the environment adds goes into the policy in force, whatever else was changed there meanwhile.
add_providers() {
    local file merged=$state/run/policy
    compgen -G "$state/policy/environment-*.yaml" >/dev/null || return 0
    rm -rf "$merged"
    ctl policy show --to "$merged" 2>/dev/null
    for file in "$state"/policy/environment-*.yaml; do cp "$file" "$merged/"; done
    if [ "$(ctl policy plan "$merged" --json | jq '.changes | length')" -gt 0 ]; then
        ctl policy apply "$merged" --yes --reason "providers of the environment" >&2
    fi
}

issue_demo_key() {
    if [ -s "$state/demo-team.key" ]; then return; fi
    say "a key for the team demo"
    ctl key issue quickstart --team demo 2>/dev/null >"$state/demo-team.key.new" || die "the key could not be issued; try: $bin/bursarctl --quickstart $state/quickstart.json key issue quickstart --team demo"
    mv "$state/demo-team.key.new" "$state/demo-team.key"
}

write_quickstart_json() {
    jq -n --arg origin "$origin" --arg state "$state" --rawfile key "$state/demo-team.key" --rawfile token "$state/operator.token" --rawfile passphrase "$state/break-glass.passphrase" \
        --argjson pid "$bursard_pid" --argjson courier_pid "$courier_pid" --argjson demo_pid "$demo_pid" --arg demo "$demo_url" '{
            gateway_url: ($origin + "/v1"), console_url: ($origin + "/"), admin_url: ($origin + "/api/v1"), ca_file: ($state + "/tls/ca.pem"),
            api_key: ($key | rtrimstr("\n")), operator_token: ($token | rtrimstr("\n")), operator_user: "break-glass",
            operator_password: ($passphrase | rtrimstr("\n")),
            pid: $pid, courier_pid: $courier_pid, demo_provider_pid: $demo_pid, state_dir: $state, demo_provider_url: $demo}' >"$state/quickstart.json.new"
    mv "$state/quickstart.json.new" "$state/quickstart.json"
}

tell_what_next() {
    local key model ca=$state/tls/ca.pem facts=$state/quickstart.json
    key=$(cat "$state/demo-team.key")
    model=$(curl -s --noproxy '*' --cacert "$state/tls/ca.pem" -H "Authorization: Bearer $key" "$origin/v1/models" | jq -r '[.data[].id | select(test("embed") | not)][0] // "demo"')
    cat <<TEXT

Bursar is ready at $origin (pid $bursard_pid). A completion through it:

curl --cacert ${ca@Q} $origin/v1/chat/completions -H "Authorization: Bearer $key" -H "Content-Type: application/json" -d '{"model":"$model","messages":[{"role":"user","content":"Say hello."}]}'

The same, streamed:

curl -N --cacert ${ca@Q} $origin/v1/chat/completions -H "Authorization: Bearer $key" -H "Content-Type: application/json" -d '{"model":"$model","stream":true,"messages":[{"role":"user","content":"Say hello."}]}'

In the browser (the certificate is its own, so it will ask): $origin/ , "use the emergency account", with the passphrase
that is in $state/break-glass.passphrase.

What next:
  export BURSAR_QUICKSTART=${facts@Q} PATH=${bin@Q}:\$PATH
  bursarctl budgets                 what the demo team has left
  bursarctl calls                   the calls you just made
  bursarctl doctor                  is everything well
  $root/docs/use/clients.md         point your own programs at it
  installer/quickstart$state_option --stop        end it; start it again with the same keys later
TEXT
}
