// People of a company, told of by SCIM: as much as is needed for somebody to be in a group and have an address.
const urn = (name) => `urn:ietf:params:scim:${name}`;

/**
 * The policy names the SCIM source "hr".
 * @param {{[userName: string]: {email?: string, groups: string[]}}} people
 */
export async function hire(bursar, people) {
    const { token } = await bursar.must('POST', 'operators', { name: 'hr provisioning', role: 'scim', source: 'hr' });
    const tell = async (where, body) => {
        const answer = await fetch(`${bursar.origin}/scim/v2/${where}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
            body: JSON.stringify(body),
        });
        const text = await answer.text();
        if (answer.status !== 201) throw new Error(`${where}: ${answer.status} ${text}`);
        return JSON.parse(text).id;
    };
    const members = {};
    for (const [userName, { email, groups }] of Object.entries(people)) {
        const id = await tell('Users', {
            schemas: [urn('schemas:core:2.0:User')],
            externalId: `id-of-${userName}`,
            userName,
            displayName: userName,
            active: true,
            ...(email ? { emails: [{ primary: true, type: 'work', value: email }] } : {}),
        });
        for (const group of groups) (members[group] ??= []).push({ value: id });
    }
    for (const [displayName, value] of Object.entries(members))
        await tell('Groups', { schemas: [urn('schemas:core:2.0:Group')], externalId: `id-of-${displayName}`, displayName, members: value });
}
