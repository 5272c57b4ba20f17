/** Who sees which page. The API decides what anybody may do; this only keeps doors out of sight that would not open. */
export type Role = 'member' | 'team_lead' | 'finance' | 'auditor' | 'operator';
export type Page = 'keys' | 'usage' | 'team' | 'directory' | 'approvals' | 'audit';

const pages: Record<Role, readonly Page[]> = {
    member: ['keys', 'usage'],
    team_lead: ['keys', 'usage', 'team'],
    finance: ['keys', 'usage', 'team'],
    auditor: ['keys', 'usage', 'team', 'directory', 'approvals', 'audit'],
    operator: ['keys', 'usage', 'team', 'directory', 'approvals', 'audit'],
};
const firsts: Record<Role, Page> = { member: 'keys', team_lead: 'team', finance: 'team', auditor: 'audit', operator: 'directory' };

export const pagesOf = (role: Role): readonly Page[] => pages[role];
export const firstPageOf = (role: Role): Page => firsts[role];
export const maySee = (role: Role, page: Page): boolean => pages[role].includes(page);
/** Starts syncs, suspends people; an auditor only looks. */
export const mayRunDirectories = (role: Role): boolean => role === 'operator';
/** Is somebody's second person; an auditor only looks. */
export const mayApprove = (role: Role): boolean => role === 'operator';
export const mayDecide = (role: Role): boolean => role === 'operator' || role === 'finance' || role === 'team_lead';
/** Sees the teams and limits of everybody, not only of those that he leads. */
export const seesEverything = (role: Role): boolean => role !== 'member' && role !== 'team_lead';
