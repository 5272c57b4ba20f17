#!/bin/bash
# Runs as root in the container, a part at each boot: what is going on when the plug is pulled, and what is there when the machine is on again.
# /test/part says which. A line "found WORDS" is for the table.
set -euo pipefail
# shellcheck source=tests/package/steps.sh
. /test/files/steps.sh

next=$(echo /test/next/bursar_*.deb)
former=$(echo /test/bundle/packages/bursar_*.deb)
version_of() { dpkg-deb -f "$1" Version; }
models() { curl -s -m 10 -o /dev/null -w '%{http_code}' --cacert /etc/bursar/tls/ca.pem -H "Authorization: Bearer $(cat "$1")" https://127.0.0.1/v1/models; }
# The demo provider is not the package's: it has to be there at each boot.
provider() { [ ! -e /srv/demo.key ] || systemd-run --quiet --unit=demo /usr/lib/bursar/bursar-demo-provider --port 9100 --key-file /srv/demo.key; }
credential() { systemd-creds encrypt --with-key=host --name=bursar-master-key "$1" /etc/credstore.encrypted/bursar-master-key.next && mv /etc/credstore.encrypted/bursar-master-key.next /etc/credstore.encrypted/bursar-master-key; }
serves() { # STEP: ready, and the key of before the cut calls
    until_true ready
    step "$1: the service is ready" $? "$(journal)"
    cp /srv/before /srv/key
    expect "$1: a call is answered" '"choices"' "$(call)"
}
issue() {
    ctl secret put demo </srv/demo.key >/dev/null 2>&1
    ctl key issue "$1" --team demo >"/srv/$1" 2>/srv/said
}
# Everything that an administrator is told to do about a package that is not configured.
installed_whole() { # STEP VERSION
    expect "$1: the package is whole" "^install ok installed $2\$" "$(dpkg-query -W -f '${Status} ${Version}' bursar 2>&1)"
    expect "$1: no package is left half" '^$' "$(dpkg --audit 2>&1)"
    expect "$1: every file is the package's" '^$' "$(dpkg --verify bursar 2>&1 | grep -vE '/usr/share/(doc|man)/|/etc/')"
}

run_install() { /test/bundle/install >/srv/said 2>&1; }
run_start() {
    mv /srv/bursard.ini /etc/bursar/bursard.ini
    first_operator
    systemctl start bursar.socket bursar.service bursar-courier.service
    until_true ready
}
run_upgrade() { until_true ready; apt-get -y install "$next" >/srv/said 2>&1; }
run_rotation() {
    until_true ready
    ctl vault rotate --current-key-file /srv/master.key --next-key-file /srv/next.key >/srv/said 2>&1
    # A person types the next line.
    read -rt 5 -u 8 || true
    credential /srv/next.key
}
run_restore() {
    until_true ready
    systemctl stop bursar.socket bursar.service
    bursar-offline --restore "$(find /var/backups/bursar -name 'bursar-*.backup' | sort | tail -n 1)" >/srv/said 2>&1 </dev/null
    systemctl start bursar.socket bursar.service
    until_true ready
}

look_install() {
    echo "found $(dpkg-query -W -f '${db:Status-Status}' bursar 2>/dev/null || echo 'not installed')"
    expect "install: nothing runs, and no unit has failed" '^$' "$(pgrep -x bursard; systemctl --failed --no-legend --plain | grep bursar)"
    said=$(/test/bundle/install 2>&1)
    step "install: the same command again goes well" $? "$said"
    installed_whole install "$(version_of "$former")"
}
look_start() {
    echo "found $([ -e /var/lib/bursar/vault/keyring ] && echo 'a vault' || echo 'no vault'), $([ -e /var/lib/bursar/bursar.db ] && echo 'books' || echo 'no books')"
    systemctl stop bursar.socket bursar.service
    [ ! -e /srv/bursard.ini ] || mv /srv/bursard.ini /etc/bursar/bursard.ini
    first_operator
    systemctl start bursar.socket bursar.service
    until_true ready
    issue before
    serves start
}
look_upgrade() {
    echo "found $(dpkg-query -W -f '${Version}, ${db:Status-Status}' bursar)"
    serves upgrade
    said=$(dpkg --configure -a 2>&1; apt-get -y install "$next" 2>&1)
    step "upgrade: the same command again goes well" $? "$said"
    installed_whole upgrade "$(version_of "$next")"
    serves "upgrade, again"
    expect "upgrade: there is a way back" "$(version_of "$former")" "$(bursar-rollback --show 2>&1)"
}
opens() { # the key that the machine has; a wrong one stays wrong
    until_true settled
    ready
}
settled() { ready || journalctl -b -u bursar.service --no-pager -o cat | grep -qE 'does not open|wrong_credentials|status=78'; }
look_rotation() {
    if opens; then
        echo "found $(systemd-creds decrypt --name=bursar-master-key /etc/credstore.encrypted/bursar-master-key - | cmp -s - /srv/next.key && echo 'the next key' || echo 'the former key')"
    else
        # The keyring has the next key and the machine still the former: what docs/operate/vault.md says.
        credential /srv/next.key
        systemctl restart bursar.socket bursar.service
        echo "found the next key, and the former one in the machine's credential"
    fi
    serves rotation
}
look_restore() {
    until_true ready
    serves restore
    case "$(models /srv/after)" in
        200) echo "found the books of before" ;;
        401) echo "found the books of the backup" ;;
        *) echo "not ok restore: the books are one of both" ;;
    esac
    expect "restore: no restore is left half" '^$' "$(ls -d /var/lib/bursar/restoring 2>/dev/null)"
}

run_prepare() {
    run_install
    step "prepare: the bundle installs" $? "$(cat /srv/said)"
    first_operator() { mv /etc/bursar/bursard.ini /srv/bursard.ini; } # later
    configure
    openssl rand -hex 32 >/srv/next.key
    chmod 600 /srv/next.key
}
run_fill() {
    run_start
    step "prepare: it is ready" $? "$(journal)"
    issue before
    serves prepare
    ctl backup create >/dev/null 2>&1
    expect "prepare: there is a backup" '^[1-9]' "$(find /var/backups/bursar -name 'bursar-*.backup' | grep -c .)"
    issue after
    expect "prepare: a key is made after it" '^200$' "$(models /srv/after)"
}

part=$(cat /test/part)
provider
touch /srv/begun
"$part"
echo "ended $part"
