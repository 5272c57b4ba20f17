#include "policies/documents.h"

namespace bursar::policies {

Result<Imported> import_litellm(std::string_view, std::string_view, Timestamp) {
    return fail(Fault::not_implemented, "This version cannot import prices yet.");
}

}  // namespace bursar::policies
