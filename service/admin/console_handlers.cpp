// The web console's files. What it shows comes from the API, like everybody's.
#include "service/admin/visit.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bursar::admin {
namespace {

/// Nothing but what this host serves, and no script or style that is not a file of its own.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src "
    "'self'; "
    "manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The pages that the console knows by their addresses.
constexpr std::array<std::string_view, 10> pages = {"",          "sign-in", "keys",     "usage",  "team",
                                                    "directory", "audit",   "sessions", "device", "authorize"};

bool is_page(std::string_view path) {
    const std::string_view first = path.substr(1, path.find('/', 1) - 1);
    return std::ranges::find(pages, first) != pages.end();
}

Answer file_answer(const Visit& visit, const ConsoleFiles::File& file) {
    Answer answer{.status = 200, .body = {}, .content_type = file.content_type};
    answer.headers = {{"ETag", file.tag},
                      {"Cache-Control", file.forever ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"Content-Security-Policy", std::string(content_security_policy)},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Frame-Options", "DENY"},
                      {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"}};
    if (visit.plane.options.tls) answer.headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
    if (visit.request.if_none_match == file.tag)
        answer.status = 304;
    else
        answer.body = file.body;
    return answer;
}

}  // namespace

/// Every page is the same file: which of them it is, the console finds out by the path.
Reply console_page(Visit& visit) {
    const ConsoleFiles& console = visit.plane.console;
    if (console.empty())
        return fail(
            Fault::not_found,
            "This Bursar serves no console (console.folder in its configuration). Calls go to /v1/…, the control "
            "plane is under /api/v1/, health under /healthz and /readyz.");
    if (const ConsoleFiles::File* file = console.find(visit.request.path)) return file_answer(visit, *file);
    if (!is_page(visit.request.path))
        return fail(
            Fault::not_found,
            "There is no such page. Calls go to /v1/…, the control plane is under /api/v1/, the console begins at /.");
    return file_answer(visit, *console.page());
}

Reply console_asset(Visit& visit) {
    if (const ConsoleFiles::File* file = visit.plane.console.find(visit.request.path)) return file_answer(visit, *file);
    return fail(Fault::not_found, "There is no such file. Load the page again: the console may have been renewed.");
}

}  // namespace bursar::admin
