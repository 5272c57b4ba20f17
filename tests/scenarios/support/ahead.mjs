// A service that lives later: stopped, and started again with its calendar ahead. While it runs a leap would not be believed, as any clock's.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('clock.c', import.meta.url));

export class Ahead {
    #seconds = 0;
    constructor(bursar) {
        this.bursar = bursar;
        this.library = bursar.path('clock.so');
        execFileSync(process.env.CC ?? 'clang-19', ['-O1', '-shared', '-fPIC', '-o', this.library, source], { stdio: 'pipe' });
    }
    /** What time it is for the service, or will be in so many hours. */
    now(hours = 0) {
        return new Date(Date.now() + this.#seconds * 1000 + hours * 3_600_000);
    }
    async by(hours) {
        this.#seconds += Math.round(hours * 3600);
        await this.bursar.stopService();
        this.bursar.options.environment = { ...this.bursar.options.environment, LD_PRELOAD: this.library, BURSAR_AHEAD_SECONDS: String(this.#seconds) };
        await this.bursar.launch();
    }
    /** On to the next time that clocks in `timeZone` show so: "21:00". */
    async to(clock, timeZone) {
        const [hour, minute] = clock.split(':').map(Number);
        const shown = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }).formatToParts(this.now()).map(({ type, value }) => [type, Number(value)]));
        const seconds = (hour - (shown.hour % 24)) * 3600 + (minute - shown.minute) * 60 - shown.second;
        await this.by((seconds > 0 ? seconds : seconds + 86_400) / 3600);
    }
}
