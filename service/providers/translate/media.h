#pragma once

#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

#include <string_view>

// Pictures and documents as Chat has them: URLs, of which some are the bytes themselves (RFC 2397).
namespace bursar::providers::translate {

/// Whether models take bytes of this type as an image or, without `image`, as a document.
bool is_taken(std::string_view media_type, bool image);
/// `where` names the URL in errors.
Result<Part> image_from_url(std::string_view url, const Where& where);
/// A Chat `file` part: only the bytes of a PDF can be said elsewhere.
Result<Part> document_from_file(dom::object file, const Where& where);
/// The part's data as Chat wants it: a URL, or a data URL.
std::string as_url(const Part& part);

}  // namespace bursar::providers::translate
