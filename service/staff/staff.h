#pragma once

// Signing people in: directories and providers of identities as the policy names them.
namespace bursar::staff {}
