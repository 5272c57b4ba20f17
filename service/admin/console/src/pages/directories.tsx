import { Link } from 'react-router-dom';
import { part } from '../api/client';
import type { Directory } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { Icon } from '../parts/icons';
import { Chip, Page } from '../parts/page';
import { Answered, Empty } from '../parts/states';
import { SyncChip } from '../parts/sync_words';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { DirectoryTabs } from './directory_tabs';

function Source({ of: directory }: { of: Directory }) {
    const { t, named } = useWords();
    const formats = useFormats();
    return (
        <li className="panel source">
            <div className="source-head">
                <div>
                    <h2>
                        <Link to={`/directory/at/${part(directory.name)}`} className="source-link">
                            {directory.title || directory.name}
                        </Link>
                    </h2>
                    <p className="under">
                        {directory.name} · {named('directory.kind', directory.kind)}
                    </p>
                </div>
                <Chip tone={directory.good ? 'good' : 'bad'}>{t(directory.good ? 'directory.good' : 'directory.bad')}</Chip>
            </div>
            <p className="source-text">{directory.text}</p>
            <dl className="source-facts">
                <div>
                    <dt>{t('directory.count')}</dt>
                    <dd>{formats.number(directory.people)}</dd>
                </div>
                <div>
                    <dt>{t('directory.answered')}</dt>
                    <dd>{directory.answered_at ? formats.away(directory.answered_at) : t('directory.never')}</dd>
                </div>
                {directory.kind === 'ldap' && (
                    <div>
                        <dt>{t('sync.last')}</dt>
                        <dd>
                            {directory.last_sync ? (
                                <>
                                    <SyncChip state={directory.last_sync.state} /> {formats.away(directory.last_sync.at)}
                                </>
                            ) : (
                                t('directory.never')
                            )}
                        </dd>
                    </div>
                )}
            </dl>
            <span className="source-go" aria-hidden="true">
                <Icon name="right" />
            </span>
        </li>
    );
}

export default function DirectoriesPage() {
    const { t } = useWords();
    const asked = useAnswer<{ directories: Directory[] }>('/api/v1/directories');
    return (
        <Page title={t('nav.directory')} lead={t('directory.lead')}>
            <DirectoryTabs />
            <Answered asked={asked}>
                {({ directories }) =>
                    directories.length > 0 ? (
                        <ul className="sources">
                            {directories.map((directory) => (
                                <Source key={directory.name} of={directory} />
                            ))}
                        </ul>
                    ) : (
                        <div className="panel">
                            <Empty icon="directory" title={t('directory.none')}>
                                {t('directory.none_text')}
                            </Empty>
                        </div>
                    )
                }
            </Answered>
        </Page>
    );
}
