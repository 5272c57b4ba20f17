// A mail server on loopback: npm's smtp-server speaks the protocol, mailparser reads what arrives, and mail_rules.mjs looks at every byte.
//
//   const mail = await MailServer.start({ cert, key, implicit: true });
//   mail.mails                                   {from, to, raw, parsed} of what was taken
//   mail.next('to', { code: 550, text: '5.1.1 no such user' })
//   mail.next('data', 'lost')                    it is taken, but the answer is not heard
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

import { checkMail } from './mail_rules.mjs';

const stages = ['connect', 'auth', 'from', 'to', 'data'];

export class MailServer {
    /**
     * @param {{cert?: Buffer, key?: Buffer, implicit?: boolean, startTls?: boolean, user?: string, password?: string, anonymous?: boolean, size?: number, address?: string}} options
     *        implicit: TLS from the first byte (smtps), else STARTTLS, unless `startTls` is false
     */
    static async start(options = {}) {
        const mail = new MailServer();
        mail.credentials = { user: options.user ?? 'bursar', password: options.password ?? 'SecretOfTheMailbox' };
        mail.mails = [];
        mail.refusals = [];
        mail.sessions = [];
        mail.signIns = 0;
        mail.faults = [];
        mail.server = new SMTPServer({
            secure: options.implicit ?? false,
            ...(options.cert ? { cert: options.cert, key: options.key, minVersion: 'TLSv1.2' } : {}),
            banner: 'fake',
            size: options.size ?? 32 << 20,
            authMethods: ['PLAIN', 'LOGIN'],
            authOptional: options.anonymous ?? false,
            allowInsecureAuth: false,
            disabledCommands: options.startTls === false ? ['STARTTLS'] : [],
            disableReverseLookup: true,
            closeTimeout: 100,
            onConnect: (session, done) => (mail.sessions.push(session), mail.#meet('connect', session, done)),
            onAuth: (auth, session, done) => mail.#authorise(auth, session, done),
            onMailFrom: (address, session, done) => mail.#meet('from', session, done),
            onRcptTo: (address, session, done) => mail.#meet('to', session, done),
            onData: (stream, session, done) => mail.#take(stream, session, done),
        });
        // A client that ends a handshake it does not trust is what some tests want to see.
        mail.server.on('error', (error) => mail.sessions.push({ failed: error.code ?? error.message }));
        await new Promise((resolve) => mail.server.listen(0, options.address ?? '127.0.0.1', resolve));
        mail.port = mail.server.server.address().port;
        mail.url = `${options.implicit ? 'smtps' : 'smtp'}://${options.address ?? '127.0.0.1'}:${mail.port}`;
        return mail;
    }

    /** The next time that `stage` is reached: {code, text}, 'reset', 'silence', or for "data" 'lost'. */
    next(stage, fault) {
        if (!stages.includes(stage)) throw new Error(`no stage ${stage}`);
        this.faults.push({ stage, fault });
    }
    always(stage, fault) {
        this.faults.push({ stage, fault, stays: true });
    }
    well() {
        this.faults = [];
    }

    #faultOf(stage) {
        const at = this.faults.findIndex((each) => each.stage === stage);
        if (at < 0) return null;
        const { fault, stays } = this.faults[at];
        if (!stays) this.faults.splice(at, 1);
        return fault;
    }

    #reset(session) {
        for (const connection of this.server.connections) if (connection.id === session.id) connection._socket.destroy();
    }

    #meet(stage, session, done) {
        const fault = this.#faultOf(stage);
        if (!fault) return done();
        if (fault === 'reset') return this.#reset(session);
        if (fault === 'silence') return undefined;
        return done(Object.assign(new Error(fault.text), { responseCode: fault.code }));
    }

    #authorise({ username, password }, session, done) {
        this.signIns += 1;
        this.#meet('auth', session, (error) => {
            if (error) return done(error);
            const { user, password: wanted } = this.credentials;
            if (username === user && password === wanted) return done(null, { user });
            return done(Object.assign(new Error('5.7.8 Authentication credentials invalid'), { responseCode: 535 }));
        });
    }

    async #take(stream, session, done) {
        const pieces = [];
        for await (const piece of stream) pieces.push(piece);
        const raw = Buffer.concat(pieces);
        const envelope = { from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map(({ address }) => address) };
        const fault = this.#faultOf('data');
        if (fault === 'reset') return this.#reset(session);
        if (fault === 'silence') return undefined;
        if (fault && fault !== 'lost') return done(Object.assign(new Error(fault.text), { responseCode: fault.code }));
        const wrong = checkMail(raw, envelope);
        if (stream.sizeExceeded) wrong.push('it is larger than the server said that it takes');
        if (wrong.length > 0) {
            this.refusals.push(...wrong);
            return done(Object.assign(new Error(`5.6.0 ${wrong[0].slice(0, 300)}`), { responseCode: 554 }));
        }
        this.mails.push({ ...envelope, raw, parsed: await simpleParser(raw), tls: session.secure, user: session.user });
        if (fault === 'lost') return this.#reset(session);
        return done(null, '2.0.0 queued as 4F3');
    }

    async stop() {
        for (const connection of this.server.connections) connection._socket.destroy();
        await new Promise((resolve) => this.server.close(resolve));
    }
}
