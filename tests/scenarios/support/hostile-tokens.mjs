// The tokens of the hostile provider: one wrong thing in each. By node:crypto alone, because no library makes such tokens.
import { constants, createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const encoded = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const event = 'http://schemas.openid.net/event/backchannel-logout';

class Key {
    constructor(kid) {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        this.privateKey = privateKey;
        this.pem = publicKey.export({ type: 'spki', format: 'pem' });
        this.jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' };
    }

    sign(header, claims, padding = constants.RSA_PKCS1_PADDING) {
        const input = `${encoded(header)}.${encoded(claims)}`;
        const saltLength = padding === constants.RSA_PKCS1_PSS_PADDING ? constants.RSA_PSS_SALTLEN_DIGEST : undefined;
        return `${input}.${sign('sha256', Buffer.from(input), { key: this.privateKey, padding, saltLength }).toString('base64url')}`;
    }
}

function hmac(key, header, claims) {
    const input = `${encoded(header)}.${encoded(claims)}`;
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

export class Mint {
    constructor(provider) {
        this.provider = provider;
        this.right = new Key('right');
        /** Never published as the issuer's. */
        this.evil = new Key('right');
    }

    idToken({ nonce, sid }, access) {
        const { mode, issuer, clientId, person, secret } = this.provider;
        const now = Math.floor(Date.now() / 1000);
        const header = { alg: 'RS256', kid: 'right', typ: 'JWT' };
        const claims = { iss: issuer, aud: clientId, ...person, nonce, sid, iat: now, exp: now + 300 };
        claims.at_hash = createHash('sha256').update(access).digest().subarray(0, 16).toString('base64url');
        this.bendClaims(mode, claims, now);
        const special = {
            alg_none: () => `${encoded({ ...header, alg: 'none' })}.${encoded(claims)}.`,
            alg_hs256_public_key: () => hmac(this.right.pem, { ...header, alg: 'HS256' }, claims),
            alg_hs256_client_secret: () => hmac(secret, { ...header, alg: 'HS256' }, claims),
            alg_swapped: () => this.right.sign(header, claims, constants.RSA_PKCS1_PSS_PADDING),
            key_wrong: () => this.evil.sign(header, claims),
            key_unknown: () => this.evil.sign({ ...header, kid: randomBytes(4).toString('hex') }, claims),
            key_in_header: () => this.evil.sign({ ...header, jwk: this.evil.jwk }, claims),
            key_elsewhere: () => this.evil.sign({ ...header, jku: `${issuer}/evil-keys`, x5u: `${issuer}/evil-keys` }, claims),
            kid_path: () => this.evil.sign({ ...header, kid: '../../evil-keys' }, claims),
            crit: () => this.right.sign({ ...header, crit: ['exp'] }, claims),
            access_token_instead: () => this.right.sign({ ...header, typ: 'at+jwt' }, claims),
            logout_token_instead: () => this.logoutToken('good', sid),
            claims_exchanged: () => {
                const [head, , signature] = this.right.sign(header, claims).split('.');
                return `${head}.${encoded({ ...claims, sub: 'sub-boss' })}.${signature}`;
            },
            claim_twice: () => this.right.sign(header, JSON.stringify(claims).replace('{', '{"sub":"sub-boss",')),
            token_junk: () => 'eyJ.not-a-token.\u0000',
            token_huge: () => this.right.sign(header, { ...claims, more: 'x'.repeat(20_000) }),
        }[mode];
        return special ? special() : this.right.sign(header, claims);
    }

    bendClaims(mode, claims, now) {
        const { clientId } = this.provider;
        const bend = {
            nonce_missing: () => delete claims.nonce,
            nonce_wrong: () => (claims.nonce = 'replayed'),
            issuer_wrong: () => (claims.iss = 'https://evil.example'),
            audience_wrong: () => (claims.aud = 'other'),
            audience_more: () => (claims.aud = [clientId, 'other']),
            azp_wrong: () => (claims.azp = 'other'),
            exp_missing: () => delete claims.exp,
            exp_passed: () => (claims.exp = now - 90),
            exp_just_passed: () => (claims.exp = now - 30),
            iat_missing: () => delete claims.iat,
            iat_ahead: () => (claims.iat = now + 90),
            iat_just_ahead: () => (claims.iat = now + 30),
            nbf_ahead: () => (claims.nbf = now + 90),
            sub_missing: () => delete claims.sub,
            sub_empty: () => (claims.sub = ''),
            at_hash_wrong: () => (claims.at_hash = createHash('sha256').update('other').digest().subarray(0, 16).toString('base64url')),
            userinfo_other: () => delete claims.groups,
            groups_missing: () => delete claims.groups,
            groups_elsewhere: () => {
                delete claims.groups;
                claims._claim_names = { groups: 'src1' };
                claims._claim_sources = { src1: { endpoint: `${this.provider.issuer}/evil-keys` } };
            },
            groups_hasgroups: () => {
                delete claims.groups;
                claims.hasgroups = true;
            },
            groups_junk: () => (claims.groups = [{ admin: true }, 7]),
        }[mode];
        bend?.();
    }

    logoutToken(mode, sid) {
        const { issuer, clientId, person } = this.provider;
        const now = Math.floor(Date.now() / 1000);
        const header = { alg: 'RS256', kid: 'right', typ: 'logout+jwt' };
        const claims = { iss: issuer, aud: clientId, sub: person.sub, sid, iat: now, exp: now + 120, jti: randomBytes(8).toString('hex'), events: { [event]: {} } };
        const bend = {
            session_only: () => delete claims.sub,
            subject_only: () => delete claims.sid,
            nonce: () => (claims.nonce = 'n'),
            events_missing: () => delete claims.events,
            events_other: () => (claims.events = { 'http://schemas.openid.net/event/other': {} }),
            nobody: () => {
                delete claims.sub;
                delete claims.sid;
            },
            jti_missing: () => delete claims.jti,
            iat_old: () => Object.assign(claims, { iat: now - 3600, exp: now + 120 }),
            issuer_wrong: () => (claims.iss = 'https://evil.example'),
            audience_wrong: () => (claims.aud = 'other'),
            type_wrong: () => (header.typ = 'at+jwt'),
            id_token_instead: () => {
                header.typ = 'JWT';
                claims.nonce = 'n';
                delete claims.events;
            },
        }[mode];
        bend?.();
        if (mode === 'replayed' && this.lastLogout) return this.lastLogout;
        if (mode === 'key_wrong') return this.evil.sign(header, claims);
        if (mode === 'alg_none') return `${encoded({ ...header, alg: 'none' })}.${encoded(claims)}.`;
        const token = this.right.sign(header, claims);
        if (mode === 'good') this.lastLogout = token;
        return token;
    }
}
