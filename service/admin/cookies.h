#pragma once

#include "service/admin/control_plane.h"
#include "service/admin/message.h"

#include <chrono>
#include <string>
#include <string_view>

// What a browser keeps for us, and how we know that a request came from our own page.
namespace bursar::admin {

/// "__Host-": set by this very host over TLS, for every path (RFC 6265bis).
inline constexpr std::string_view session_cookie = "__Host-bursar";
/// While somebody is away at a provider of identities: only the browser that left may come back.
inline constexpr std::string_view pending_cookie = "__Host-bursar-signing-in";
/// The provider's ID token, which its logout wants to see again.
inline constexpr std::string_view hint_cookie = "__Host-bursar-hint";

/// A Set-Cookie header; nothing in it can be read by scripts.
std::pair<std::string, std::string> set_cookie(std::string_view name, std::string_view value,
                                               std::chrono::seconds max_age);
std::pair<std::string, std::string> drop_cookie(std::string_view name);

/// What the page sends back with every change: of this cookie and no other. A page of somebody else can make the
/// browser send the cookie, but reads neither.
std::string csrf_of(std::string_view cookie);

/// "https://bursar.corp.example", as the browser has it.
std::string origin_of(const Options& options, const Request& request);

/// A path of ours to go to after signing in; "/" for whatever might lead elsewhere.
std::string safe_path(std::string_view wanted);

}  // namespace bursar::admin
