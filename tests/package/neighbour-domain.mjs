// The neighbour's domain controller, at an address of this namespace: neighbour-domain.mjs FOLDER ADDRESS. Ends with whoever started it.
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { Samba } from '../scenarios/support/samba.mjs';

const [, , folder, address] = process.argv;
let samba;
const over = new Promise((resolve) => process.once('disconnect', resolve));
const written = (name, text) => {
    writeFileSync(path.join(folder, `${name}.new`), text, { mode: 0o600 });
    renameSync(path.join(folder, `${name}.new`), path.join(folder, name));
};

try {
    samba = await Samba.start({ at: address, people: 0 });
    written('domain-ca.pem', samba.ca);
    written('domain-password', `${samba.bindPassword}\n`);
    await over;
} finally {
    await samba?.stop();
}
process.exit(0);
