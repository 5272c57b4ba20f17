import { Link, useParams } from 'react-router-dom';
import type { Directory } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { Icon } from '../parts/icons';
import { Chip, Page, Panel } from '../parts/page';
import { Answered, Empty, Note } from '../parts/states';
import { useWords } from '../words/words';
import { ConnectionTest } from './directory_test';
import { Sync } from './directory_sync';

function One({ of: directory }: { of: Directory }) {
    const { t } = useWords();
    return (
        <>
            {!directory.good && (
                <Note tone="bad" title={t('directory.bad')}>
                    <p>{directory.text}</p>
                    <p>{t('directory.bad_text')}</p>
                </Note>
            )}
            {directory.kind === 'ldap' && <Sync directory={directory.name} />}
            {directory.kind !== 'scim' && <ConnectionTest directory={directory.name} kind={directory.kind} />}
            {directory.kind === 'scim' && (
                <Panel>
                    <Empty icon="directory" title={t('directory.scim')}>
                        {t('directory.scim_text')}
                    </Empty>
                </Panel>
            )}
        </>
    );
}

export default function DirectoryPage() {
    const { t, named } = useWords();
    const { name = '' } = useParams();
    const asked = useAnswer<{ directories: Directory[] }>('/api/v1/directories');
    const found = asked.answer?.ok ? asked.answer.value.directories.find((directory) => directory.name === name) : undefined;
    const above = (
        <Link to="/directory" className="back">
            <Icon name="left" size={15} /> {t('directory.all')}
        </Link>
    );
    return (
        <Page
            title={found?.title || name}
            lead={found ? `${found.name} · ${named('directory.kind', found.kind)}` : undefined}
            above={above}
            actions={found && <Chip tone={found.good ? 'good' : 'bad'}>{t(found.good ? 'directory.good' : 'directory.bad')}</Chip>}
        >
            <Answered asked={asked}>
                {() =>
                    found ? (
                        <One of={found} />
                    ) : (
                        <Panel>
                            <Empty icon="directory" title={t('directory.unknown', { name })}>
                                {t('directory.none_text')}
                            </Empty>
                        </Panel>
                    )
                }
            </Answered>
        </Page>
    );
}
