/** Line icons on a grid of 24. They say nothing that the words beside them do not. */
const paths = {
    keys: 'M14.5 9.5a4.5 4.5 0 1 0-3.2 4.3L13 15.5h2V18h2.5v2.5h3v-3.6l-6-6a4.6 4.6 0 0 0 0-1.4zM8.5 8.5h.01',
    usage: 'M4 20V4M4 20h16M8.5 16v-4M13 16V8M17.5 16v-6',
    team: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5M15.5 4.3a3.5 3.5 0 0 1 0 6.4M17.5 14.9c2.3.6 3.7 2.4 4 5.1',
    directory: 'M12 3.5h0a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM12 8.5V13M5.5 16v-3h13v3M5.5 16a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4zM18.5 16a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z',
    approvals: 'M4 5h16v11h-6l-4 4v-4H4zM8.5 10.5l2.3 2.3 4.7-4.8',
    audit: 'M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM8.8 12l2.3 2.3 4.3-4.5',
    sessions: 'M4 5h16v11H4zM9 20h6M12 16v4',
    device: 'M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3zM11 17.5h2',
    plus: 'M12 5v14M5 12h14',
    copy: 'M9 9h10v11H9zM6 15H5V4h10v2',
    check: 'M5 12.5l4.5 4.5L19 7.5',
    cross: 'M6 6l12 12M18 6L6 18',
    skip: 'M6 12h12',
    warn: 'M12 4l9 16H3zM12 10v4.5M12 17.3v.1',
    info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.6v.1',
    rotate: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4.5v4.9h-4.9',
    download: 'M12 4v11M7.5 10.5L12 15l4.5-4.5M5 20h14',
    menu: 'M4 7h16M4 12h16M4 17h16',
    out: 'M14 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h8M11 12h10M17.5 8.5L21 12l-3.5 3.5',
    sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
    moon: 'M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2z',
    screen: 'M4 5h16v11H4zM9 20h6',
    search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.7-4.7',
    right: 'M9.5 6l6 6-6 6',
    left: 'M14.5 6l-6 6 6 6',
    down: 'M6 9.5l6 6 6-6',
    dots: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
    empty: 'M4 13l3-8h10l3 8v6H4zM4 13h5l1.5 2.5h3L15 13h5',
    sync: 'M5 9a7.5 7.5 0 0 1 13.5-1.5M19 15a7.5 7.5 0 0 1-13.5 1.5M19 3.5v4h-4M5 20.5v-4h4',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
    return (
        <svg
            className="icon"
            width={size}
            height={size}
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            strokeWidth={name === 'dots' ? 3 : 1.7}
            strokeLinecap="round"
            strokeLinejoin="round"
            aria-hidden="true"
            focusable="false"
        >
            <path d={paths[name]} />
        </svg>
    );
}

export function Wordmark({ size = 28 }: { size?: number }) {
    return (
        <span className="wordmark">
            <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                <rect className="wordmark-ground" width="32" height="32" rx="8" />
                <path className="wordmark-coins" d="M9 6.5h7.2a4.4 4.4 0 0 1 0 8.8H9zM9 16.9h9.3a4.3 4.3 0 0 1 0 8.6H9z" />
            </svg>
            <span>Bursar</span>
        </span>
    );
}
