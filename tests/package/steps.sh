# Shared by the scripts that run in the container: what a step is, and how the machine is set up. Each line of output is "ok STEP" or
# "not ok STEP: what was seen".
set -euo pipefail
# A step that fails is told, and the next one is tried.
set +e
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/srv
cd /srv || exit 1

step() { if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1: $(tr '\n' ' ' <<<"${3:-}" | tail -c 700)"; fi; }
# expect STEP PATTERN TEXT
expect() { grep -qE -- "$2" <<<"$3"; step "$1" $? "$3"; }
refuse() { if grep -qE -- "$2" <<<"$3"; then step "$1" 1 "$3"; else step "$1" 0; fi; }
property() { systemctl show -P "$2" "$1"; }
ctl() { bursarctl --url https://127.0.0.1 --ca-file /etc/bursar/tls/ca.pem --token-file /srv/token "$@"; }
call() {
    curl -sS -m 20 --cacert /etc/bursar/tls/ca.pem -H "Authorization: Bearer $(cat /srv/key)" -H 'Content-Type: application/json' \
        https://127.0.0.1/v1/chat/completions -d '{"model":"demo-chat","messages":[{"role":"user","content":"Say hello."}]}' 2>&1
}
# Something to wait at that costs nothing: a descriptor on which nothing ever comes.
exec 8<> <(:)
until_true() { local tries=0; until "$@"; do tries=$((tries + 1)); [ "$tries" -lt 600 ] || return 1; read -rt 0.1 -u 8 || true; done; }
ready() { [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' --cacert /etc/bursar/tls/ca.pem https://127.0.0.1/readyz)" = 200 ]; }
mark=$(date +%s)
spent() { echo "took $1: $(($(date +%s) - mark)) s"; mark=$(date +%s); }

# As docs/operate/install.md says.
configure() {
    local said file
    install -d -m 750 -g bursar /etc/bursar/tls /etc/bursar/policy
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout /etc/bursar/tls/server.key -out /etc/bursar/tls/server.pem 2>/dev/null
    cp /etc/bursar/tls/server.pem /etc/bursar/tls/ca.pem
    install -d -m 700 /etc/credstore.encrypted
    openssl rand -hex 32 >/srv/master.key
    chmod 600 /srv/master.key
    said=$(systemd-creds encrypt --with-key=host --name=bursar-master-key /srv/master.key /etc/credstore.encrypted/bursar-master-key 2>&1)
    step "the master key is encrypted for this machine" $? "$said"
    if [ ! -e /srv/demo.key ]; then
        printf 'demo-%s' "$(openssl rand -hex 16)" >/srv/demo.key
        systemd-run --quiet --unit=demo /usr/lib/bursar/bursar-demo-provider --port 9100 --key-file /srv/demo.key
    fi
    for file in /usr/share/bursar/demo/policy/*.yaml; do sed 's|@DEMO_URL@|http://127.0.0.1:9100|' "$file" >"/etc/bursar/policy/$(basename "$file")"; done
    cp /usr/share/doc/bursar/examples/bursard.ini /etc/bursar/bursard.ini
    chgrp -R bursar /etc/bursar
    chmod -R u=rwX,g=rX,o= /etc/bursar
    said=$(bursar-offline --check 2>&1 </dev/null)
    step "the configuration is checked" $? "$said"
    first_operator
}
first_operator() {
    bursar-offline --issue-operator ada >/srv/token </dev/null
    expect "the first operator gets a token" '^bso_[0-9a-z_]+$' "$(cat /srv/token)"
}
journal() { journalctl -b -u bursar.service -u bursar-courier.service --no-pager -o cat | tail -n 30; }
