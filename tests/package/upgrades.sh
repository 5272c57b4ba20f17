#!/bin/bash
# Runs as root in the container: upgrades that go well and badly, the way back from each, and the machine as on its first day.
set -euo pipefail
# shellcheck source=tests/package/steps.sh
. /test/files/steps.sh

next=$(echo /test/next/bursar_*.deb)
former=$(echo /test/bundle/packages/bursar_*.deb)
version() { dpkg-query -W -f '${Version}' bursar; }
models() { curl -s -m 10 -o /dev/null -w '%{http_code}' --cacert /etc/bursar/tls/ca.pem -H "Authorization: Bearer $(cat "$1")" https://127.0.0.1/v1/models; }
backups() { find /var/backups/bursar -name 'bursar-*.backup' | grep -c .; }
issue() { ctl key issue "$1" --team demo >"/srv/$1" 2>>/srv/issued; }

said=$(/test/bundle/install --check 2>&1)
expect "the bundle says that it is whole and for this machine" '^Bursar .*: whole, and for this machine' "$said"
mkdir /srv/edited && cp -r /test/bundle/. /srv/edited
echo 'echo hello' >>/srv/edited/install
expect "a bundle that was edited is refused" 'damaged' "$(bash /srv/edited/install 2>&1)"
rm -r /srv/edited
said=$(/test/bundle/install 2>&1)
step "the bundle installs" $? "$said"
configure
systemctl start bursar.socket bursar.service bursar-courier.service
until_true ready
step "it is ready" $? "$(journal)"
ctl secret put demo </srv/demo.key >/dev/null 2>&1
issue before
cp /srv/before /srv/key
expect "a call is answered" '"choices"' "$(call) $(cat /srv/issued)"
spent start

# Before.
said=$(ctl upgrade check --package "$next" 2>&1)
step "the check says that an upgrade would go well" $? "$said"
expect "it looked at the version, the space, both databases and the backup" 'ok version .*ok space .*ok bursar.db .*ok vault.db .*(ok|warning) backup ' "$(tr -s '\n ' '  ' <<<"$said")"
expect "the same version is a warning" '"verdict":"warning","name":"version"' "$(ctl upgrade check --json --package "$former" 2>&1)"
mv /var/backups/bursar /var/backups/aside
said=$(apt-get -y install "$next" 2>&1)
expect "without a backup nothing is upgraded, and one sentence says why and how" 'no backup can be made .*BURSAR_UPGRADE=unprotected' "$said"
expect "the version is the one of before" "^$(dpkg-deb -f "$former" Version)\$" "$(version)"
expect "and it serves" '"choices"' "$(call)"
mv /var/backups/aside /var/backups/bursar
spent refused

# The upgrade.
had=$(backups)
said=$(apt-get -y install "$next" 2>&1)
step "the next version installs" $? "$said"
until_true ready
expect "it is the next version" "^$(dpkg-deb -f "$next" Version)\$" "$(version)"
expect "a backup was made before it" "^$((had + 1))\$" "$(backups)"
kept=$(sed -n 's/^package=//p' /var/lib/bursar-packages/way-back)
files() { dpkg-deb -c "$1" | awk '$1 !~ /^d/ { print $1, $6, $7, $8 }' | sort; }
# What a machine leaves out of every package, such as documents, is not in it.
added=$(comm -13 <(files "$former") <(files "$kept"))
expect "the package that is kept has nothing that the former one had not" '^$' "$added"
missing=$(comm -23 <(files "$former") <(files "$kept") | grep -vE '/usr/share/(doc|man)/')
expect "and everything but documents" '^$' "$missing"
expect "nobody but root can change it" '^700 root root$' "$(stat -c '%a %U %G' /var/lib/bursar-packages)"
said=$(apt-get -y --allow-downgrades install "$former" 2>&1)
expect "an older package is refused and the way back is named" 'older than .*bursar-rollback' "$said"
said=$(ctl upgrade check --package "$former" 2>&1)
step "the check refuses it too" $((1 - $?)) "$said"
expect "and names the way back" 'stop +version .*bursar-rollback' "$said"
spent upgrade

# Back, under traffic, with the books as they are.
issue after
touch /srv/traffic
while [ -e /srv/traffic ]; do call; echo; done >/srv/calls 2>&1 &
traffic=$!
until_true test -s /srv/calls
said=$(bursar-rollback --yes 2>&1)
step "the version before comes back" $? "$said"
until_true ready
rm /srv/traffic
wait "$traffic"
refuse "no call failed meanwhile" . "$(grep . /srv/calls | grep -v '"choices"' | head -n 3)"
expect "it is the version of before" "^$(dpkg-deb -f "$former" Version)\$" "$(version)"
expect "books that it reads are kept: the key of after the upgrade calls" '^200$' "$(models /srv/after)"
expect "there is no second way back from there" 'installed already' "$(bursar-rollback --yes 2>&1)"
spent rollback

# Back, with the books of before.
said=$(apt-get -y install "$next" 2>&1)
until_true ready
issue later
expect "a key is made after the second upgrade" '^200$' "$(models /srv/later)"
said=$(bursar-rollback --yes --books restore 2>&1)
step "the version before comes back with the books of before" $? "$said"
until_true ready
expect "the key of before the upgrade calls" '^200$' "$(models /srv/before)"
expect "the key of after it is not known" '^401$' "$(models /srv/later)"
spent restore

# A version that does not start.
mkdir /srv/broken && dpkg-deb -R "$next" /srv/broken
sed -i 's/^Version: .*/Version: 99.0.1/' /srv/broken/DEBIAN/control
printf '#!/bin/sh\necho broken\nexit 1\n' >/srv/broken/usr/lib/bursar/bursard
dpkg-deb --root-owner-group -Zgzip -z1 -b /srv/broken /srv/broken.deb >/dev/null
said=$(apt-get -y install /srv/broken.deb 2>&1)
step "an upgrade that does not become ready is not called done" $((1 - ($? > 0))) "$said"
expect "and the way back is named" 'does not become ready.*bursar-rollback' "$said"
said=$(bursar-rollback --yes 2>&1)
step "the version before comes back from it" $? "$said"
until_true ready
expect "and serves" '"choices"' "$(call)"
spent broken

# Where the service does not run, the books are copied.
systemctl stop bursar.socket bursar.service
said=$(apt-get -y install "$next" 2>&1)
step "an upgrade while the service does not run goes well" $? "$said"
expect "the books were copied" 'bursar.db' "$(ls /var/lib/bursar-packages/books-*/ 2>&1)"
until_true ready
issue last
said=$(bursar-rollback --yes --books restore 2>&1)
step "and are put back" $? "$said"
until_true ready
expect "the key of after it is not known then" '^401$' "$(models /srv/last)"
expect "the key of before is" '^200$' "$(models /srv/before)"
spent stopped

# As on the first day.
expect "a reset wants the name of this machine" 'not the host name' "$(bursar-factory-reset --yes-erase elsewhere 2>&1)"
expect "and erases nothing without it" '"choices"' "$(call)"
said=$(bursar-factory-reset --yes-erase "$(uname -n)" 2>&1)
step "the machine is reset" $? "$said"
expect "no key, no book and no configuration is left" '^$' "$(find /var/lib/bursar /etc/bursar /etc/credstore.encrypted /var/lib/bursar-packages -type f 2>/dev/null | grep -v '/\.')"
expect "nothing runs" '^inactive inactive inactive $' "$(systemctl is-active bursar.socket bursar.service bursar-courier.service | tr '\n' ' ')"
expect "backups are there, and root's" '^root$' "$(find /var/backups/bursar -name 'bursar-*.backup' -printf '%u\n' | sort -u)"
configure
chown -R bursar /var/backups/bursar
systemctl start bursar.socket bursar.service bursar-courier.service
until_true ready
step "it can be set up again" $? "$(journal)"
expect "the keys of before open nothing" '^401$' "$(models /srv/before)"
spent reset
