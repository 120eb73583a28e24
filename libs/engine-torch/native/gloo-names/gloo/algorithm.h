#pragma once

// Included by c10d, which needs no name of it in its header.
