import { ActionIcon } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, NavLink, Outlet, useLocation } from 'react-router-dom';
import { pagesOf } from '../access';
import { askPlainly } from '../api/client';
import { useWords } from '../words/words';
import { Icon, Wordmark, type IconName } from './icons';
import { useMe } from './me';
import { Preferences } from './preferences';
import { StepUp } from './step_up';

function Door({ to, icon, word }: { to: string; icon: IconName; word: string }) {
    return (
        <NavLink to={to} className="door">
            <Icon name={icon} size={19} />
            <span>{word}</span>
        </NavLink>
    );
}

async function signOut(): Promise<void> {
    const answer = await askPlainly<{ to: string }>('POST', '/auth/logout', {});
    // The provider of the identity has a session of its own, which ends there.
    const to = answer.ok ? answer.value.to : '';
    window.location.assign(/^https:\/\//.test(to) ? to : '/sign-in');
}

function Who() {
    const { t, named } = useWords();
    const me = useMe();
    return (
        <div className="who">
            <p className="who-name">{me.display_name || me.user_name}</p>
            <p className="who-more">
                {named('role', me.role)} · {me.organisation}
            </p>
            <button type="button" className="door" onClick={() => void signOut()}>
                <Icon name="out" size={19} />
                <span>{t('nav.sign_out')}</span>
            </button>
        </div>
    );
}

/** What stands around every page: the way past it for keyboards, the doors, and who one is. */
export function Shell() {
    const { t } = useWords();
    const me = useMe();
    const { pathname } = useLocation();
    const [open, setOpen] = useState(false);
    useEffect(() => setOpen(false), [pathname]);
    return (
        <div className={open ? 'shell shell-open' : 'shell'} onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}>
            <a href="#content" className="skip">
                {t('nav.skip')}
            </a>
            <header className="bar">
                <Link to="/" className="home" aria-label={t('nav.home')}>
                    <Wordmark />
                </Link>
                <ActionIcon
                    className="bar-menu"
                    variant="default"
                    size="lg"
                    aria-label={t(open ? 'nav.close' : 'nav.open')}
                    aria-expanded={open}
                    aria-controls="side"
                    onClick={() => setOpen(!open)}
                >
                    <Icon name={open ? 'cross' : 'menu'} />
                </ActionIcon>
            </header>
            <div className="side" id="side">
                <nav aria-label={t('nav.pages')} className="doors">
                    {pagesOf(me.role).map((page) => (
                        <Door key={page} to={`/${page}`} icon={page} word={t(`nav.${page}`)} />
                    ))}
                    <p className="doors-head">{t('nav.account')}</p>
                    <Door to="/sessions" icon="sessions" word={t('nav.sessions')} />
                    <Door to="/device" icon="device" word={t('nav.device')} />
                </nav>
                <div className="side-foot">
                    <Preferences />
                    <Who />
                </div>
            </div>
            <main id="content" tabIndex={-1}>
                <div className="content">
                    <Outlet />
                </div>
            </main>
            <StepUp />
        </div>
    );
}
