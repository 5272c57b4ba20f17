import { NavLink } from 'react-router-dom';
import { useWords } from '../words/words';

export function DirectoryTabs() {
    const { t } = useWords();
    return (
        <nav className="subdoors" aria-label={t('nav.directory')}>
            <NavLink to="/directory" end>
                {t('directory.sources')}
            </NavLink>
            <NavLink to="/directory/people">{t('directory.people')}</NavLink>
        </nav>
    );
}
