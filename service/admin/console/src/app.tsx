import { lazy, Suspense, useEffect, type ReactNode } from 'react';
import { Navigate, Outlet, Route, Routes, useLocation, useNavigate } from 'react-router-dom';
import { firstPageOf, maySee, type Page as PageName } from './access';
import { part, setHooks } from './api/client';
import { SignedIn, useMe } from './parts/me';
import { Page } from './parts/page';
import { Shell } from './parts/shell';
import { Empty, Waiting } from './parts/states';
import { AuthorizePage } from './pages/authorize';
import { DevicePage } from './pages/device';
import { KeysPage } from './pages/keys';
import { SessionsPage } from './pages/sessions';
import { SignInPage } from './pages/sign_in';
import { useWords } from './words/words';

const UsagePage = lazy(() => import('./pages/usage'));
const TeamPage = lazy(() => import('./pages/team'));
const DirectoriesPage = lazy(() => import('./pages/directories'));
const DirectoryPage = lazy(() => import('./pages/directory'));
const PeoplePage = lazy(() => import('./pages/people'));
const ApprovalsPage = lazy(() => import('./pages/approvals'));
const AuditPage = lazy(() => import('./pages/audit'));

/** Sends whoever is not signed in to the sign-in page, and back here behind it. */
function SignedOutHook({ children }: { children: ReactNode }) {
    const navigate = useNavigate();
    const { pathname, search } = useLocation();
    useEffect(() => {
        setHooks({
            signedOut: () => {
                if (pathname === '/sign-in') return;
                const here = pathname + search;
                navigate(here === '/' ? '/sign-in' : `/sign-in?to=${part(here)}`, { replace: true });
            },
        });
    }, [navigate, pathname, search]);
    return <>{children}</>;
}

function First() {
    return <Navigate to={`/${firstPageOf(useMe().role)}`} replace />;
}

function Guarded({ page }: { page: PageName }) {
    const { t, named } = useWords();
    const me = useMe();
    if (maySee(me.role, page))
        return (
            <Suspense fallback={<Waiting lines={6} />}>
                <Outlet />
            </Suspense>
        );
    return (
        <Page title={t(`nav.${page}`)}>
            <Empty title={t('page.not_for_role')}>{t('page.not_for_role_text', { role: named('role', me.role) })}</Empty>
        </Page>
    );
}

function NotFound() {
    const { t } = useWords();
    return (
        <Page title={t('page.not_found')}>
            <Empty title={t('page.not_found')}>{t('page.not_found_text')}</Empty>
        </Page>
    );
}

export function App() {
    return (
        <SignedOutHook>
            <Routes>
                <Route path="/sign-in" element={<SignInPage />} />
                <Route
                    element={
                        <SignedIn>
                            <Shell />
                        </SignedIn>
                    }
                >
                    <Route index element={<First />} />
                    <Route path="keys" element={<KeysPage />} />
                    <Route element={<Guarded page="usage" />}>
                        <Route path="usage" element={<UsagePage />} />
                    </Route>
                    <Route element={<Guarded page="team" />}>
                        <Route path="team" element={<TeamPage />} />
                    </Route>
                    <Route element={<Guarded page="directory" />}>
                        <Route path="directory" element={<DirectoriesPage />} />
                        <Route path="directory/people" element={<PeoplePage />} />
                        <Route path="directory/at/:name" element={<DirectoryPage />} />
                    </Route>
                    <Route element={<Guarded page="approvals" />}>
                        <Route path="approvals" element={<ApprovalsPage />} />
                    </Route>
                    <Route element={<Guarded page="audit" />}>
                        <Route path="audit" element={<AuditPage />} />
                    </Route>
                    <Route path="sessions" element={<SessionsPage />} />
                    <Route path="device" element={<DevicePage />} />
                    <Route path="authorize" element={<AuthorizePage />} />
                    <Route path="*" element={<NotFound />} />
                </Route>
            </Routes>
        </SignedOutHook>
    );
}
