#pragma once

#include "integrations/courier/http.h"

namespace bursar::courier {

/// By Qt Network. Each exchange has connections of its own: what one target trusts must not carry another's.
class QtHttp final : public Http {
  public:
    void exchange(HttpRequest request, std::function<void(Answer)> done) override;
};

}  // namespace bursar::courier
