#!/bin/bash
# Runs as root in the container: a standby that is the package's, beside a primary that runs from a copy of its files, and an upgrade of both in the
# order of docs/operate/standby.md.
set -euo pipefail
# shellcheck source=tests/package/steps.sh
. /test/files/steps.sh

next=$(echo /test/next/bursar_*.deb)
former=$(echo /test/bundle/packages/bursar_*.deb)
version() { dpkg-query -W -f '${Version}' bursar; }
at() { curl -s -m 3 --cacert /etc/bursar/tls/ca.pem "https://127.0.0.1:$1/$2"; } # PORT PATH
serves() { [ "$(curl -s -m 3 -o /dev/null -w '%{http_code}' --cacert /etc/bursar/tls/ca.pem "https://127.0.0.1:$1/readyz")" = 200 ]; }
follows() { at 443 readyz | grep -qE 'it is the standby, and heard the primary [0-9] s ago'; }
elsewhere() { bursarctl --url "https://127.0.0.1:$1" --ca-file /etc/bursar/tls/ca.pem --token-file /srv/token "${@:2}"; }

said=$(/test/bundle/install 2>&1)
step "the bundle installs" $? "$said"
configure
# The other machine: the same files under another folder, the same key, its own books. It is set up by what has just been configured.
cp -a /usr/lib/bursar /srv/primary-programs
cp -a /var/lib/bursar /srv/primary
cp /srv/master.key /srv/primary/master.key
pin=$(openssl x509 -in /etc/bursar/tls/server.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
section() { printf '\n[standby]\nrole = %s\npeer = https://127.0.0.1%s\npeer_key = %s\nmode = asynchronous\nsecret_file = %s\n' "$1" "$2" "$pin" "$3"; }
sed -e 's|^\[listen\]|&\naddress = 127.0.0.1\nport = 8443|' -e 's|= tls/|= /etc/bursar/tls/|' -e 's|^folder = /var/lib/bursar$|folder = /srv/primary|' -e 's|^folder = /var/backups/bursar$|folder = /srv/primary|' \
    -e 's|^source = credential|source = file\nfile = /srv/primary/master.key|' -e 's|^initial = policy|initial = /etc/bursar/policy\ndefaults = /usr/share/bursar/policies/defaults|' -e '/^\[courier\]/,/^$/d' /etc/bursar/bursard.ini >/srv/primary/bursard.ini
section primary '' /srv/primary/standby.secret >>/srv/primary/bursard.ini
section standby :8443 /var/lib/bursar/standby.secret >>/etc/bursar/bursard.ini
chown -R bursar:bursar /srv/primary
chmod 600 /srv/primary/master.key
chmod 711 /srv
primary=(/srv/primary-programs/bursard --config /srv/primary/bursard.ini)
setpriv --reuid bursar --regid bursar --clear-groups "${primary[@]}" --pair >/srv/secret 2>/srv/said </dev/null
step "the primary makes the secret of the pair" $? "$(cat /srv/said)"
rm -rf /var/lib/bursar/bursar.db* /var/lib/bursar/vault
said=$(bursar-offline --pair </srv/secret 2>&1)
step "the standby takes it" $? "$said"
systemd-run --quiet --unit=primary --property=User=bursar --property=LimitMEMLOCK=infinity "${primary[@]}"
until_true serves 8443
step "the primary serves" $? "$(journalctl -b -u primary --no-pager -o cat | tail -n 20)"
systemctl start bursar.socket bursar.service
until_true follows
step "the package's machine follows" $? "$(at 443 readyz) $(journal)"
elsewhere 8443 secret put demo </srv/demo.key >/dev/null 2>&1
elsewhere 8443 key issue pair --team demo >/srv/key 2>/srv/said
step "a key is made at the primary" $? "$(cat /srv/said)"

said=$(apt-get -y install "$next" 2>&1)
step "the machine that follows is upgraded" $? "$said"
expect "it is the next version" "^$(dpkg-deb -f "$next" Version)\$" "$(version)"
expect "no backup was asked of a machine without books" '^backup=$' "$(grep ^backup= /var/lib/bursar-packages/way-back)"
until_true follows
step "and follows again" $? "$(at 443 readyz) $(journal)"

said=$(elsewhere 8443 standby take-over 2>&1)
step "the primary hands over" $? "$said"
until_true serves 443
step "the next version serves" $? "$(at 443 readyz) $(journal)"
expect "the key of before calls" '"choices"' "$(call)"
said=$(bursar-rollback --show 2>&1)
expect "the way back is known" "$(dpkg-deb -f "$former" Version)" "$said"
