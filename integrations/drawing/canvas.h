#pragma once

#include "integrations/report/picture.h"
#include "service/base/result.h"

#include <string>
#include <vector>

// Pictures of report/picture.h as files. One thread at a time.
namespace bursar::drawing {

struct Page {
    integrations::report::Picture picture;
    std::vector<std::string> headings = {};  ///< for the table of contents, where files have one
};

struct About {
    std::string title, author, subject;
    std::string made;  ///< RFC 3339
};

/// Sizes are points.
Result<std::string> pdf_file(const std::vector<Page>& pages, const About& about);
/// Sizes are pixels.
Result<std::string> png_file(const integrations::report::Picture& picture);

}  // namespace bursar::drawing
