#!/bin/bash
# Runs as root in the container: the set-up without a question, first beside an OpenLDAP server, then in a domain of Active Directory; a person
# signs in, calls a model, and Slack hears that the money goes.
set -euo pipefail
# shellcheck source=tests/package/steps.sh
. /test/files/steps.sh

name=bursar.corp.example
base=https://$name
jar=/srv/cookies
installed=$(/test/bundle/install 2>&1)
step "the bundle installs" $? "$installed"

# The names of the company's network, and the CA that its machines trust.
printf '%s\n' "127.0.0.1 localhost" "192.0.2.1 $name" "192.0.2.2 ldap.corp.example hooks.slack.example" >/etc/hosts
cp /test/neighbour/slack-ca.pem /usr/local/share/ca-certificates/slack.crt
update-ca-certificates >/dev/null 2>&1
printf 'demo-%s' "$(openssl rand -hex 16)" >/srv/demo.key
chmod 600 /srv/demo.key
systemd-run --quiet --unit=demo /usr/lib/bursar/bursar-demo-provider --port 9100 --key-file /srv/demo.key
install -d -m 700 /srv/told
cp /test/neighbour/webhook /test/neighbour/ldap-* /srv/told/
spent prepared

operator() { bursarctl --url "$base" --ca-file /etc/bursar/tls/server.pem --token-file /etc/bursar/operator.token "$@"; }
web() { curl -sS -m 20 --cacert /etc/bursar/tls/server.pem -b "$jar" -c "$jar" -H "Origin: $base" "$@" 2>&1; }
answers() { # DIRECTORY…: lines of the section
    printf '%s\n' '[host]' "name = $name" '[certificate]' 'source = self-signed' '[master_key]' 'source = credential' 'with = host' \
        '[recovery]' 'file = /srv/recovery.key' '[provider]' 'name = demo' 'base_url = http://127.0.0.1:9100/v1' 'key_file = /srv/demo.key' \
        'models = demo-chat' '[alerts]' 'slack_webhook_file = /srv/told/webhook' '[directory]' 'name = corp' "$@"
}
team() { printf '%s\n' '[team]' 'name = research' "groups = $1" 'budget_usd = 1'; }
# The demo provider's prices are in no list, and an alert need not wait in a test.
prices() {
    rm -rf /srv/policy
    operator policy show --to /srv/policy 2>&1 &&
        printf 'prices:\n  demo:\n    demo-chat: {input: 2.50, output: 40.00, hidden_reasoning: false}\n' >/srv/policy/prices.yaml &&
        operator policy apply --yes /srv/policy 2>&1
}
# sign_in USER PASSWORD: a browser's cookie
sign_in() {
    rm -f "$jar"
    web -o /srv/signed -w '%{http_code}' -H 'Content-Type: application/json' -d "{\"user\":\"$1\",\"password\":\"$2\"}" "$base/auth/ldap/corp"
}
# approve: bursarctl login shows a code, which the person approves in the browser
approve() {
    local code csrf
    rm -rf /srv/.config /srv/login
    env -u DISPLAY BURSAR_URL="$base" BURSAR_CA_FILE=/etc/bursar/tls/server.pem timeout 180 bursarctl login --device >/srv/login 2>&1 &
    local login=$!
    until_true grep -qoE 'user_code=[A-Z0-9-]+' /srv/login
    code=$(grep -oE 'user_code=[A-Z0-9-]+' /srv/login | head -n 1 | cut -d= -f2)
    csrf=$(web "$base/api/v1/me" | jq -r .csrf)
    web -o /dev/null -X POST -H "X-Bursar-CSRF: $csrf" "$base/api/v1/device/$code/approve"
    wait "$login"
}
person() { BURSAR_URL=$base BURSAR_CA_FILE=/etc/bursar/tls/server.pem bursarctl "$@" 2>&1; }
ask() { # WORDS: of the answer; a word costs 0.00004 USD
    curl -sS -m 60 --cacert /etc/bursar/tls/server.pem -H "Authorization: Bearer $(jq -r .access_token /srv/.config/bursar/sign-in.json)" \
        -H 'Content-Type: application/json' "$base/v1/chat/completions" \
        -d "{\"model\":\"demo-chat\",\"max_tokens\":$(($1 + 10)),\"messages\":[{\"role\":\"user\",\"content\":\"Hello [[demo tokens=$1]]\"}]}" 2>&1
}
slack() { jq -c '.text' /test/neighbour/slack.jsonl 2>&1; }

# lived DIRECTORY USER PASSWORD: from the answers to Slack
lived() {
    local said before
    before=$(slack | grep -c .)
    said=$(bursar-setup --answers /srv/answers.ini 2>&1 </dev/null)
    step "$1: the set-up asks nothing and ends well" $? "$said"
    expect "$1: the summary names directory, provider and Slack as content" 'provider test demo is content.*directory test corp is content.*alerts test slack is content' "$(tr '\n' ' ' <<<"$said")"
    refuse "$1: no secret is in what it says" "$(cat /srv/demo.key)|$(cut -c20- /srv/told/webhook)|$(cat /srv/recovery.key)" "$said"
    expect "$1: looking again finds nothing wrong" '^$' "$(bursar-setup check all 2>&1 </dev/null | grep -E '^ *wrong')"
    expect "$1: the marked test is in Slack" '^1$' "$(slack | tail -n +$((before + 1)) | grep -cF '[Test]')"
    said=$(prices)
    step "$1: prices are added to the policy" $? "$said"
    expect "$1: a wrong password lets nobody in" '^401$' "$(sign_in "$2" wrong)"
    expect "$1: a person of the directory signs in" '^200$' "$(sign_in "$2" "$3")"
    approve
    step "$1: and the command line with them" $? "$(cat /srv/login)"
    expect "$1: who they are and whose team is the directory's" "person: +$2.*research" "$(person whoami | tr '\n' ' ')"
    expect "$1: a call is answered by the demo provider" '"choices"' "$(ask 10)"
    ask 16000 >/srv/long
    expect "$1: a long call is answered" '"choices"' "$(head -c 300 /srv/long)"
    expect "$1: the usage is that person's" "$2 .*0\.64" "$(operator usage --by person 2>&1)"
    until_true heard "$before" || until_true heard "$before"
    step "$1: Slack hears that half of the budget is spent" $? "$(slack)"
    expect "$1: the budget is held" 'insufficient_quota|budget' "$(ask 16000)"
    expect "$1: no unit has failed" '^$' "$(systemctl --failed --no-legend --plain)"
    spent "$1"
}
heard() { slack | tail -n +$(($1 + 2)) | grep -q 'research.*50 %'; }

{ answers 'kind = openldap' 'servers = ldaps://ldap.corp.example' 'ca_file = /srv/told/ldap-ca.pem' 'bind_dn = cn=svc-bursar,ou=services,dc=corp,dc=example' \
    'password_file = /srv/told/ldap-password' 'people = ou=people,dc=corp,dc=example'; team 'cn=engineers,ou=groups,dc=corp,dc=example'; } >/srv/answers.ini
lived OpenLDAP alice alice-password

# Somebody outside looks at the port.
touch /srv/serving
while [ ! -e /test/neighbour/scanned ]; do read -rt 0.2 -u 8 || true; done
spent scan

# The machine as on its first day, in a company with a domain whose DNS names its servers.
said=$(bursar-factory-reset --yes-erase "$(uname -n)" 2>&1)
step "the machine is reset" $? "$said"
rm -f /srv/recovery.key
chown -R bursar /var/backups/bursar
printf 'nameserver 198.51.100.2\n' >/etc/resolv.conf
until_true test -e /test/neighbour/domain-password || until_true test -e /test/neighbour/domain-password
step "the domain is there" $?
cp /test/neighbour/domain-* /srv/told/
{ answers 'kind = active_directory' 'domain = corp.example' 'ca_file = /srv/told/domain-ca.pem' 'bind_dn = svc-bursar@corp.example' \
    'password_file = /srv/told/domain-password' 'people = OU=Staff,DC=corp,DC=example'; team 'CN=engineers,OU=Staff,DC=corp,DC=example'; } >/srv/answers.ini
lived "Active Directory" alice alice-Passw0rd
