import { createTheme, Modal, type MantineColorsTuple } from '@mantine/core';

// The shades are those of styles/theme.css, from which everything is painted; Mantine only wants to know that there are ten.
const teal: MantineColorsTuple = ['#e9f7f1', '#d0ecdf', '#a3dac2', '#71c6a2', '#45b086', '#249a6f', '#12805a', '#0c6b4b', '#08573d', '#04402c'];

export const theme = createTheme({
    primaryColor: 'teal',
    colors: { teal },
    cursorType: 'pointer',
    defaultRadius: 'md',
    components: {
        // Its scroll lock writes a <style> element, which the policy of the pages forbids.
        Modal: Modal.extend({ defaultProps: { lockScroll: false, padding: 'lg', radius: 'lg', transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.45 } } }),
    },
});
