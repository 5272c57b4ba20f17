#!/bin/bash
# Runs as root in the container: a whole life of the package, step by step.
set -euo pipefail
# shellcheck source=tests/package/steps.sh
. /test/files/steps.sh

# Install, without network and without a configuration.
expect "there is no network" '^1$' "$(ip -o link | grep -c .)"
said=$(/test/bundle/install 2>&1)
installed=$?
step "the bundle installs offline" "$installed" "$said"
[ "$installed" = 0 ] || exit 1
expect "the install says in one sentence what is missing" '^Bursar is installed and waits for /etc/bursar/bursard.ini; .*install.md' "$said"
expect "units are enabled" '^enabled enabled enabled $' "$(systemctl is-enabled bursar.socket bursar.service bursar-courier.service | tr '\n' ' ')"
expect "nothing runs without a configuration" '^inactive inactive inactive $' "$(systemctl is-active bursar.socket bursar.service bursar-courier.service | tr '\n' ' ')"
expect "no unit has failed" '^$' "$(systemctl --failed --no-legend --plain | grep bursar)"
expect "the command line has its completion" 'bursarctl' "$(bash -c '. /usr/share/bash-completion/completions/bursarctl; complete -p bursarctl' 2>&1)"
expect "the documents are there" 'install.md' "$(ls /usr/share/doc/bursar/operate 2>&1)"
spent install

# Where the master key is a passphrase or a file there is no credential.
said=$(systemd-run --quiet --wait --property=LoadCredentialEncrypted=bursar-master-key true 2>&1)
step "a unit starts without the credential" $? "$said"

configure

# Start, and make a call.
systemctl start bursar.socket bursar.service bursar-courier.service
expect "service, socket and courier run" '^active active active $' "$(systemctl is-active bursar.socket bursar.service bursar-courier.service | tr '\n' ' ')"
until_true ready
step "it is ready" $? "$(journal)"
expect "it says where it listens" 'Listening on port 443' "$(property bursar.service StatusText)"
ctl secret put demo </srv/demo.key >/dev/null 2>&1
ctl key issue package --team demo >/srv/key 2>/srv/key.errors
expect "a call is answered by the demo provider" '"choices"' "$(call) $(cat /srv/key.errors)"
audit=$(ctl audit list --json 2>&1)
expect "a caller by IPv4 has that address in the audit" '"127\.0\.0\.1"' "$audit"
refuse "and no other form of it" '::ffff' "$audit"
until_true grep -q '"connected"' <(journal)
expect "the courier is connected" 'courier_connected' "$(journalctl -b -u bursar.service --no-pager -o cat)"
expect "the pages are served" '<title>' "$(curl -sS --cacert /etc/bursar/tls/ca.pem https://127.0.0.1/)"
ctl backup create >/dev/null 2>&1
expect "a backup lies in its folder" '^[1-9]' "$(ls /var/backups/bursar | grep -c .)"
spent start

# What the kernel says of both.
service=$(property bursar.service MainPID)
courier=$(property bursar-courier.service MainPID)
for who in "$service" "$courier"; do
    status=$(cat "/proc/$who/status")
    expect "$(cat "/proc/$who/comm") has no capability, no way to gain one and a filter of system calls" 'CapEff:	0000000000000000 .*NoNewPrivs:	1 .*Seccomp:	2' "$(tr '\n' ' ' <<<"$status")"
done
expect "nobody but systemd opened the port" 'systemd' "$(ss -Hltnp 'sport = :443' 2>&1)"
expect "the courier listens nowhere" '^0$' "$(ss -Hltunp 2>/dev/null | grep -c "pid=$courier,")"
hard() { awk '/^Max open files/ { print $5 }' "/proc/$1/limits"; }
# A container may not give more than it has.
expect "files open to the service are as many as the unit says" "^$(($(hard 1) < 65536 ? $(hard 1) : 65536))$" "$(hard "$service")"
refuse "all memory of keys and database pages could be locked" 'mlock' "$(journalctl -b -u bursar.service --no-pager -o cat)"
expect "the state is closed to others" '^700 bursar bursar$' "$(stat -c '%a %U %G' /var/lib/bursar)"
expect "the courier's socket is of its group" '^660 bursar bursar-courier$' "$(stat -c '%a %U %G' /run/bursar/courier.sock)"
for unit in bursar.service bursar-courier.service; do
    echo "score $(systemd-analyze security --no-pager "$unit" 2>/dev/null | tail -n 1)"
    systemd-analyze security --no-pager --threshold=15 "$unit" >/dev/null 2>&1
    step "$unit as it runs is not more exposed than promised" $?
done

# The courier's sandbox: the same unit with another program in it. Outside it the same program can.
mkdir -p /run/systemd/system
sed -e "s|^ExecStart=.*|ExecStart=/usr/bin/python3 /test/files/probe.py $service|" -e 's|^Type=.*|Type=oneshot|' -e 's|^Restart=.*|Restart=no|' \
    /lib/systemd/system/bursar-courier.service >/run/systemd/system/courier-probe.service
systemctl daemon-reload
systemctl start courier-probe.service 2>&1
probed=$(journalctl -b -u courier-probe.service --no-pager -o cat | grep ': ')
sed 's/^/courier /' <<<"$probed"
free=$(python3 /test/files/probe.py "$service")
sed 's/^/root /' <<<"$free"
for what in "read the vault" "read the configuration" "read the memory of the service" "listen on a port" "listen on a port of IPv6"; do
    refuse "the courier cannot $what" "^$what: succeeded" "$(grep "^$what: " <<<"$probed" || echo "$what: succeeded, or was not tried")"
    expect "root can $what, so the probe would see it" "^$what: succeeded" "$free"
done
expect "the courier can connect to its socket" "^connect to the courier's socket: succeeded" "$probed"
spent sandbox

# The firewall that the policy makes: another machine, one port of which the policy names.
ip netns add far
ip link add near type veth peer name far netns far
ip addr add 192.0.2.1/24 dev near && ip link set near up
ip -n far addr add 192.0.2.2/24 dev far && ip -n far link set far up
for port in 9000 9001; do
    ip netns exec far python3 -c "import socket
listening = socket.create_server(('192.0.2.2', $port))
while True: listening.accept()" &
done
reaches() { setpriv --reuid "$1" --regid "$1" --clear-groups timeout 5 python3 -c "import socket; socket.create_connection(('192.0.2.2', $2), 3)" 2>/dev/null; }
until_true reaches root 9000
until_true reaches root 9001
printf 'providers:\n  far: {dialect: openai, base_url: "http://192.0.2.2:9000/v1"}\n' >/etc/bursar/policy/far.yaml
chgrp bursar /etc/bursar/policy/far.yaml
step "without rules the service reaches every port" "$(reaches bursar 9001; echo $?)"
said=$(bursar-firewall apply --from 198.51.100.0/24 2>&1)
step "rules are made of the policy" $? "$said"
step "the service reaches the host that the policy names" "$(reaches bursar 9000; echo $?)"
for who in "bursar 9001" "bursar-courier 9000"; do if reaches $who; then step "$who is blocked" 1 "it was reached"; else step "$who is blocked" 0; fi; done
step "other users are left alone" "$(reaches root 9001; echo $?)"
expect "what was blocked is counted" 'counter packets [1-9]' "$(nft list table inet bursar 2>&1)"
expect "the demo provider is still reached" '"choices"' "$(call)"
far=$(ip netns exec far timeout 5 curl -sk -m 3 https://192.0.2.1/healthz 2>&1)
refuse "who is not named does not reach the port" 'alive' "$far"
bursar-firewall off
expect "without rules everybody does" 'alive' "$(ip netns exec far curl -sk -m 5 https://192.0.2.1/healthz 2>&1)"
rm /etc/bursar/policy/far.yaml
jobs -p | xargs -r kill
spent firewall

# Kept alive: a crash, and a process that hangs.
kill -9 "$service"
back() { [ "$(property bursar.service MainPID)" != "$service" ] && [ "$(property bursar.service ActiveState)" = active ] && ready; }
until_true back
step "after a crash it is there again" $? "$(journal)"
expect "and serves" '"choices"' "$(call)"
mkdir -p /run/systemd/system/bursar.service.d
printf '[Service]\nWatchdogSec=3\n' >/run/systemd/system/bursar.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart bursar.service
until_true ready
service=$(property bursar.service MainPID)
kill -STOP "$service"
until_true back
step "a process that hangs is ended and started again" $? "$(journal)"
expect "by the watchdog" 'watchdog' "$(journalctl -b -u bursar.service --no-pager -o cat | grep -i watchdog)"
rm -r /run/systemd/system/bursar.service.d
systemctl daemon-reload
systemctl restart bursar.service
until_true ready
spent restarts

# Upgrade under traffic.
echo '# A line of the administrator.' >>/etc/apparmor.d/usr.lib.bursar.bursard
touch /srv/traffic
while [ -e /srv/traffic ]; do call; echo; done >/srv/calls 2>&1 &
traffic=$!
until_true test -s /srv/calls
service=$(property bursar.service MainPID)
said=$(apt-get -y install /test/next/bursar_*.deb 2>&1)
step "the next version installs over it" $? "$said"
until_true ready
call >/srv/last
rm /srv/traffic
wait "$traffic"
echo "traffic $(grep -c '"choices"' /srv/calls) calls answered, $(grep -vc '"choices"' <(grep . /srv/calls)) not"
refuse "no call failed while the service was exchanged" . "$(grep . /srv/calls | grep -v '"choices"' | head -n 3)"
if [ "$(property bursar.service MainPID)" != "$service" ]; then step "the service was exchanged" 0; else step "the service was exchanged" 1 "$said"; fi
expect "it is the next version" "$(dpkg-deb -f /test/next/bursar_*.deb Version)" "$(dpkg-query -W -f '${Version}' bursar)"
expect "what the administrator changed is kept" 'A line of the administrator' "$(tail -n 1 /etc/apparmor.d/usr.lib.bursar.bursard)"
expect "the configuration is kept" 'bursar-courier' "$(cat /etc/bursar/bursard.ini)"
expect "the books are kept" '"choices"' "$(cat /srv/last)"
spent upgrade

# Back to the backup, by the service's own user in the service's own folders.
systemctl stop bursar.service
said=$(bursar-offline --restore "$(find /var/backups/bursar -type f -name 'bursar-*.backup' | sort | tail -n 1)" 2>&1 </dev/null)
step "a backup can be put back" $? "$said"
systemctl start bursar.socket bursar.service
until_true ready
expect "and the key of its time still calls" '"choices"' "$(call)"
spent restore

# Remove keeps, purge does not.
said=$(apt-get -y remove bursar 2>&1)
step "it can be removed" $? "$said"
expect "removing keeps state, configuration and key" '^3$' "$(ls -d /var/lib/bursar/vault/keyring /etc/bursar/bursard.ini /etc/credstore.encrypted/bursar-master-key 2>/dev/null | grep -c .)"
expect "removing ends what ran" '^$' "$(pgrep -x bursard; pgrep -x bursar-courier)"
said=$(apt-get -y purge bursar 2>&1)
step "it can be purged" $? "$said"
systemctl daemon-reload
left=$(find / -xdev \( -path /proc -o -path /test -o -path /sys -o -path /srv -o -path /var/log -o -path /var/cache/apt -o -path /var/backups \) -prune -o -iname '*bursar*' -print 2>/dev/null |
    grep -vE '/bursar-test.service$|^/(run|etc)/systemd/.*courier-probe')
expect "a purge leaves no file" '^$' "$left"
expect "a purge leaves no user and no group" '^$' "$(getent passwd bursar bursar-courier; getent group bursar bursar-courier)"
expect "but backups, which are root's then" '^700 root root [1-9]' "$(stat -c '%a %U %G' /var/backups/bursar) $(ls /var/backups/bursar | grep -c .)"
spent purge
