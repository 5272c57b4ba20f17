import '@mantine/core/styles.css';
import '@mantine/charts/styles.css';
import './styles/theme.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/pages.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router-dom';
import { App } from './app';
import { ToldProvider } from './parts/told';
import { theme } from './theme';
import { WordsProvider } from './words/words';

const schemeManager = localStorageColorSchemeManager({ key: 'bursar-scheme' });
const root = document.getElementById('root');
if (root)
    createRoot(root).render(
        <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemeManager} withCssVariables={false} withGlobalClasses={false}>
            <WordsProvider>
                <ToldProvider>
                    <BrowserRouter>
                        <App />
                    </BrowserRouter>
                </ToldProvider>
            </WordsProvider>
        </MantineProvider>,
    );
