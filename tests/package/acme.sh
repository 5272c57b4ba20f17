#!/bin/bash
# Runs as root in the container: a certificate of a company's CA by ACME, from the answers to its renewal by the package's own units.
set -euo pipefail
# shellcheck source=tests/package/steps.sh
. /test/files/steps.sh

name=bursar.corp.example
served=/var/lib/bursar-certificate/server.pem
installed=$(/test/bundle/install 2>&1)
step "the bundle installs" $? "$installed"
expect "and the CA's client with it" '^uacme' "$(uacme --version 2>&1)"
printf '%s\n' "127.0.0.1 localhost $name ca.corp.example" >/etc/hosts

# The company's CA: Pebble, whose own certificate is of another root than what it gives.
install -d /srv/ca
cd /srv/ca || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=the company's root" -keyout root.key -out root.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -keyout ca.key -out ca.csr 2>/dev/null
openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -out ca.pem -extfile <(printf 'subjectAltName=DNS:ca.corp.example') 2>/dev/null
printf '%s' '{"pebble":{"listenAddress":"127.0.0.1:14000","managementListenAddress":"127.0.0.1:15000","certificate":"/srv/ca/ca.pem","privateKey":"/srv/ca/ca.key","httpPort":80,"tlsPort":1,"certificateValidityPeriod":900}}' >pebble.json
systemd-run --quiet --unit=names /test/ca/pebble-challtestsrv -dns01 127.0.0.1:8053 -management 127.0.0.1:8055 -http01 "" -https01 "" -tlsalpn01 "" -defaultIPv6 ""
systemd-run --quiet --unit=ca --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_AUTHZREUSE=0 /test/ca/pebble -config /srv/ca/pebble.json -dnsserver 127.0.0.1:8053
cd /srv || exit 1
until_true curl -sf -m 2 -o /srv/directory --cacert /srv/ca/root.pem https://ca.corp.example:14000/dir
step "the CA is there" $?

answers() {
    printf '%s\n' '[host]' "name = $name" '[certificate]' 'source = acme' 'acme_url = https://ca.corp.example:14000/dir' 'acme_ca_file = /srv/ca/root.pem' \
        '[master_key]' 'source = credential' 'with = host' '[recovery]' 'make = no' '[backup]' 'folder = none'
}
answers >/srv/answers.ini
serial() { openssl x509 -in "$served" -noout -serial 2>&1; }
shown() { openssl s_client -connect 127.0.0.1:443 -servername "$name" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>&1; }
is_shown() { [ "$(shown)" = "$(serial)" ]; }
listens() { ss -Hltn 'sport = :80'; }

# A port that somebody else has is named.
systemd-run --quiet --unit=web python3 -c "import socket
listening = socket.create_server(('', 80))
while True: listening.accept()"
is_taken() { [ -n "$(listens)" ]; }
until_true is_taken
said=$(bursar-setup --answers /srv/answers.ini 2>&1 </dev/null)
expect "another web server on port 80 is named" 'wrong certificate: Port 80, where the CA asks, cannot be opened' "$said"
systemctl stop web

said=$(bursar-setup --answers /srv/answers.ini 2>&1 </dev/null)
expect "the CA gives a certificate" 'The CA CN=Pebble Intermediate CA .* gave a certificate until' "$said $(journalctl -u bursar-certificate -u 'bursar-challenge*' -o cat --no-pager | tail -n 20)"
until_true is_shown
step "the service shows it" $? "$(shown) $(serial) $(journal)"
curl -sf -m 5 --cacert /srv/ca/root.pem --resolve ca.corp.example:15000:127.0.0.1 https://ca.corp.example:15000/roots/0 >/srv/issuer.pem
expect "callers who trust the CA's root trust the service" 'alive' "$(curl -sS -m 5 --cacert /srv/issuer.pem "https://$name/healthz" 2>&1)"
expect "port 80 is closed again" '^$' "$(listens)"
expect "the timer is on" '^active$' "$(systemctl is-active bursar-certificate.timer)"
expect "check says when it ends and that the timer is on" 'until 20.*The timer bursar-certificate.timer is on' "$(bursar-setup check certificate 2>&1 | tr '\n' ' ')"
expect "who may read what" "^bursar-certificate:bursar 2750 bursar-certificate:bursar 644 root:bursar 640 root:root 600 $" \
    "$(stat -c '%U:%G %a' /var/lib/bursar-certificate "$served" /etc/bursar/tls/acme.key /etc/bursar/tls/acme.answers | tr '\n' ' ')"
asks() { setpriv --reuid bursar-certificate --regid bursar-certificate --init-groups "$@" 2>&1; }
expect "the CA's client cannot read the key" 'Permission denied' "$(asks cat /etc/bursar/tls/acme.key)"

# An hour in which nothing is to be done, and one in which the certificate has reached its last third: of another request, which is due at once.
before=$(serial)
systemctl start bursar-certificate.service
step "an early look goes well" $?
expect "and changes nothing" "^$before$" "$(serial)"
running=$(property bursar.service MainPID)
date -s '+11 minutes' >/dev/null 2>&1 || true
rm -f "$served"
systemctl start bursar-certificate.service
step "a certificate that is missing or due is got" $? "$(journalctl -u bursar-certificate -o cat --no-pager | tail -n 5)"
refuse "it is another one" "^$before$" "$(serial)"
until_true is_shown
step "the service shows the new one" $? "$(shown) $(serial)"
expect "without a restart" "^$running$" "$(property bursar.service MainPID)"

systemctl stop ca
rm -f "$served"
systemctl start bursar-certificate.service 2>/dev/null
step "without the CA the unit fails" "$([ $? -ne 0 ]; echo $?)"
expect "and the journal says why in one line" 'bursar-setup: The CA at https://ca.corp.example:14000/dir gives no account' "$(journalctl -u bursar-certificate -t bursar-setup -n 1 -o cat --no-pager)"
expect "the service goes on with what it has" 'alive' "$(curl -sSk -m 5 "https://$name/healthz" 2>&1)"

# Another certificate: the timer ends.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=own -addext "subjectAltName=DNS:$name" -keyout /srv/own.key -out /srv/own.pem 2>/dev/null
chmod 600 /srv/own.key
printf '%s\n' '[host]' "name = $name" '[certificate]' 'source = files' 'certificate = /srv/own.pem' 'private_key = /srv/own.key' 'ca_file = /srv/own.pem' \
    '[master_key]' 'source = credential' 'with = host' '[recovery]' 'make = no' '[backup]' 'folder = none' >/srv/answers.ini
said=$(bursar-setup --answers /srv/answers.ini 2>&1 </dev/null)
step "files take its place" $? "$said"
expect "and the timer is off" '^inactive$' "$(systemctl is-active bursar-certificate.timer)"
systemctl reset-failed bursar-certificate.service 2>/dev/null
said=$(apt-get -y purge bursar 2>&1)
step "the package is purged" $? "$said"
expect "nothing of it is left" '^$' "$(ls -d /var/lib/bursar-certificate /etc/bursar 2>/dev/null; getent passwd bursar-certificate)"
