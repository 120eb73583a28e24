{
  # src/build.ts writes torch.gypi: where libtorch is, the C++ it needs, and the list of sources.
  'includes': ['torch.gypi'],
  'targets': [{
    'target_name': 'cassl_torch',
    'sources': ['<@(torch_sources)'],
    'include_dirs': ['<@(torch_include_dirs)'],
    'defines': ['NAPI_VERSION=9', '<@(torch_defines)'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20', '-O3'],
    'cflags!': ['-O3'],
    'cflags_cc': [
      '-std=<(torch_cxx_standard)',
      '-O2',
      '-g0',
      # Their TypeScript definitions round after every operation.
      '-ffp-contract=off',
      '-fexceptions',
      '-frtti',
      '-fvisibility=hidden',
      '-Wno-deprecated-declarations',
      '-Wno-unused-parameter',
      '-Wno-missing-field-initializers',
      '-Wno-interference-size',
    ],
    'ldflags': ['-Wl,--no-as-needed', '-L<(torch_lib_dir)', '-Wl,-rpath,<(torch_lib_dir)'],
    'libraries': ['<@(torch_libraries)', '-ldl'],
  }],
}
