"""The names of PyTorch's public surface that are not covered, each in a group with its reason.

This is the one list: errors take their reasons from it, and ``python -m benchmarks.not_covered``
writes the page in the documentation. A test compares it with PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """Names that are missing for one reason."""

    title: str
    reason: str  # and what to do instead
    modules: str  # nothing more is there than what minitorch's own module of that name has
    names: dict[str, str]  # by the module or class that has them in PyTorch


GROUPS = (
    Group(
        "Quasi-random numbers",
        "the tables of Sobol's sequence are not here; scipy.stats.qmc has it",
        "quasirandom",
        {},
    ),
    Group(
        "Programs from elsewhere",
        "no program is fetched and run; clone or install it, and import its model",
        "",
        {
            "torch.hub": "help list load",
        },
    ),
    Group(
        "Complex numbers",
        "there are no complex dtypes; numpy.fft and numpy.linalg take what .numpy() gives",
        "fft",
        {
            "torch": (
                "cdouble cfloat chalf complex128 complex32 complex64 istft polar stft "
                "view_as_complex view_as_complex_copy view_as_real view_as_real_copy"
            ),
            "torch.Tensor": "cdouble cfloat chalf istft stft",
        },
    ),
    Group(
        "Sparse, and masked tensors",
        (
            "every tensor is dense; multiply by zeros, or use index_add, scatter_add and "
            "nn.utils.rnn.pad_sequence"
        ),
        "masked nested sparse",
        {
            "torch": (
                "ccol_indices_copy col_indices_copy crow_indices_copy dsmm hsmm hspmm "
                "indices_copy resize_as_sparse_ row_indices_copy saddmm slice_inverse smm "
                "sparse_bsc_tensor sparse_bsr_tensor "
                "sparse_compressed_tensor sparse_coo_tensor "
                "sparse_csc_tensor sparse_csr_tensor spmm sspaddmm values_copy"
            ),
            "torch.Tensor": (
                "ccol_indices coalesce col_indices crow_indices dense_dim indices is_coalesced "
                "resize_as_sparse_ row_indices slice_inverse smm sparse_dim "
                "sparse_mask sparse_resize_ sparse_resize_and_clear_ sspaddmm to_dense to_mkldnn "
                "to_padded_tensor to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo "
                "to_sparse_csc to_sparse_csr values"
            ),
            "torch.optim": "SparseAdam",
        },
    ),
    Group(
        "Other dtypes, and quantization",
        (
            "the dtypes are those of floats from 16 bits on, of signed integers, uint8 and "
            "bool; compute in one of them, such as float32"
        ),
        "ao nn.intrinsic nn.qat nn.quantizable nn.quantized quantization",
        {
            "torch": (
                "bit bits16 bits1x8 bits2x4 bits4x2 bits8 choose_qparams_optimized dequantize "
                "empty_quantized fake_quantize_per_channel_affine fake_quantize_per_tensor_affine "
                "fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation "
                "fbgemm_linear_int8_weight fbgemm_linear_int8_weight_fp32_activation "
                "fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16 "
                "fbgemm_pack_quantized_matrix float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz "
                "float8_e5m2 float8_e5m2fnuz float8_e8m0fnu fused_moving_avg_obs_fake_quant int1 "
                "int2 int3 int4 int5 int6 int7 int_repr per_channel_affine "
                "per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine "
                "per_tensor_symmetric q_per_channel_axis q_per_channel_scales "
                "q_per_channel_zero_points q_scale q_zero_point qint32 qint8 qscheme "
                "quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic "
                "quantized_batch_norm quantized_gru_cell quantized_lstm_cell quantized_max_pool1d "
                "quantized_max_pool2d quantized_max_pool3d quantized_rnn_relu_cell "
                "quantized_rnn_tanh_cell quint2x4 quint4x2 quint8 uint1 uint16 uint2 uint3 uint32 "
                "uint4 uint5 uint6 uint64 uint7"
            ),
            "torch.Tensor": (
                "dequantize int_repr q_per_channel_axis q_per_channel_scales "
                "q_per_channel_zero_points q_scale q_zero_point qscheme"
            ),
        },
    ),
    Group(
        "Several processes",
        "there is one process",
        "distributed nn.parallel.distributed nn.parallel.scatter_gather",
        {
            "torch.nn.parallel": ("data_parallel gather parallel_apply replicate scatter"),
            "torch.nn": "SyncBatchNorm",
        },
    ),
    Group(
        "GPUs and other devices",
        "there is the CPU alone, which needs no choice of kernels, streams or memory",
        ("cuda.graphs cuda.jiterator cuda.nccl cuda.profiler cuda.sparse cuda.tunable mtia"),
        {
            "torch": (
                "DeviceObjType StreamObjType cudnn_affine_grid_generator cudnn_batch_norm "
                "cudnn_convolution cudnn_convolution_add_relu cudnn_convolution_relu "
                "cudnn_convolution_transpose cudnn_grid_sampler cudnn_is_acceptable "
                "get_autocast_gpu_dtype get_autocast_ipu_dtype get_autocast_xla_dtype "
                "get_device_module is_autocast_ipu_enabled is_autocast_xla_enabled "
                "miopen_batch_norm miopen_convolution miopen_convolution_add_relu "
                "miopen_convolution_relu miopen_convolution_transpose miopen_ctc_loss "
                "miopen_depthwise_convolution miopen_rnn mkldnn_adaptive_avg_pool2d "
                "mkldnn_convolution mkldnn_linear_backward_weights mkldnn_max_pool2d "
                "mkldnn_max_pool3d mkldnn_rnn_layer set_autocast_gpu_dtype set_autocast_ipu_dtype "
                "set_autocast_ipu_enabled set_autocast_xla_dtype set_autocast_xla_enabled"
            ),
            "torch.Tensor": "ipu mtia record_stream xpu",
            "torch.nn.Module": "ipu mtia xpu",
            "torch.nn.functional": "ScalingType SwizzleType grouped_mm scaled_grouped_mm scaled_mm",
            "torch.nn.attention": (
                "activate_flash_attention_impl current_flash_attention_impl "
                "list_flash_attention_impls register_flash_attention_impl "
                "restore_flash_attention_impl"
            ),
            "torch.utils": "generate_methods_for_privateuse1_backend rename_privateuse1_backend",
            "torch.cuda": (
                "BFloat16Tensor BoolTensor ByteTensor CUDAPluggableAllocator CharTensor CudaError "
                "DeferredCudaCallError DoubleTensor FloatTensor GreenContext HalfTensor IntTensor "
                "LongTensor ShortTensor caching_allocator_alloc caching_allocator_delete "
                "caching_allocator_disabled caching_allocator_enable change_current_allocator "
                "check_error clock_rate cudaStatus device_memory_used get_allocator_backend "
                "list_gpu_processes memory memory_usage power_draw random "
                "reset_accumulated_host_memory_stats reset_peak_host_memory_stats streams "
                "temperature"
            ),
            "torch.cuda.amp": "amp_definitely_not_available",
            "torch.backends.cuda": (
                "SDPAParams blas_workspace_size cuBLASModule cuFFTPlanCache "
                "cuFFTPlanCacheAttrContextProp cuFFTPlanCacheManager cublas_workspace_size "
                "cublaslt_workspace_size cufft_plan_cache"
            ),
            "torch.backends.mps": "get_core_count get_name is_macos13_or_newer is_macos_or_newer",
            "torch.backends.mkl": "verbose",
            "torch.cpu": "StreamContext get_capabilities",
            "torch.mps": "Event compile_shader load_metallib profiler",
            "torch.xpu": (
                "XPUGraph XPUPluggableAllocator change_current_allocator clock_rate "
                "device_memory_used graph memory_usage power_draw streams temperature utilization"
            ),
            "torch.accelerator": "Graph",
            "torch.serialization": "validate_cuda_device validate_hpu_device",
            "torch.Generator": "get_offset graphsafe_get_state graphsafe_set_state set_offset",
        },
    ),
    Group(
        "TorchScript",
        "nothing is compiled, and a function stays what it is; write it in Python",
        "classes jit utils.jit",
        {
            "torch": (
                "AVG AggregationType AliasDb AnyType Argument ArgumentSpec AwaitType Block "
                "BoolType BufferDict CallStack Capsule ClassType Code CompilationUnit "
                "CompleteArgumentSpec ComplexType ConcreteModuleType ConcreteModuleTypeBuilder "
                "DeepCopyMemoTable DictType EnumType ErrorReport ExcludeDispatchKeyGuard "
                "ExecutionPlan FatalError FileCheck FloatType FunctionSchema FutureType "
                "Gradient Graph GraphExecutorState IODescriptor InferredType IntType "
                "InterfaceType JITException ListType LiteScriptModule LockingLogger ModuleDict "
                "Node NoneType NoopLogger NumberType OperatorInfo OptionalType ParameterDict "
                "PyObjectType RRefType SUM ScriptClass ScriptClassFunction ScriptDict "
                "ScriptDictIterator ScriptDictKeyIterator ScriptList "
                "ScriptListIterator ScriptMethod ScriptModuleSerializer ScriptObject "
                "ScriptObjectProperty StaticModule StringType Tag TensorType TracingState "
                "TupleType Type UnionType Use Value cpp import_ir_module "
                "import_ir_module_from_buffer merge_type_from_type_comment parse_ir parse_schema "
                "parse_type_comment unify_type_list"
            ),
        },
    ),
    Group(
        "Compilers",
        "programs are not taken apart; they run as they are written",
        (
            "_C._functorch _functorch _inductor _library _prims_common _subclasses fx "
            "utils._contextlib utils._sympy"
        ),
        {
            "torch.utils._pytree": (
                "DumpableContext FlattenFn FromDumpableContextFn ToDumpableContextFn UnflattenFn "
                "treespec_dumps treespec_loads treespec_pprint"
            ),
            "torch.compiler": (
                "config get_default_backend keep_portable_guards_unsafe keep_tensor_guards_unsafe "
                "load_cache_artifacts load_compiled_function nested_compile_region "
                "save_cache_artifacts set_default_backend set_enable_guard_collectives "
                "skip_all_guards_unsafe skip_guard_on_all_nn_modules_unsafe "
                "skip_guard_on_globals_unsafe skip_guard_on_inbuilt_nn_modules_unsafe wrap_numpy"
            ),
            "torch.library": "fallthrough_kernel get_kernel register_autocast wrap_triton",
        },
    ),
    Group(
        "Sizes that are not known",
        "every size is a plain number when a program runs; use it as such",
        "",
        {
            "torch": (
                "SymBoolType SymIntType sym_constrain_range sym_constrain_range_for_size "
                "sym_fresh_size"
            ),
        },
    ),
    Group(
        "Export and packages",
        "save the state_dict, and export the model in PyTorch",
        "export onnx package utils.bundled_inputs utils.mobile_optimizer",
        {},
    ),
    Group(
        "Forward-mode differentiation and function transforms",
        "gradients go backward only; use autograd.functional, whose jvp goes backward twice",
        "autograd.forward_ad func",
        {
            "torch": "vmap",
            "torch.nn.utils": "stateless",
        },
    ),
    Group(
        "Profilers and monitors",
        (
            "nothing is measured by the library; use time.perf_counter or cProfile, and "
            "minitorch.viz for the graph"
        ),
        "autograd.profiler monitor profiler utils.benchmark utils.flop_counter",
        {
            "torch.utils": "ThroughputBenchmark",
            "torch": "BenchmarkConfig BenchmarkExecutionStats ThroughputBenchmark",
        },
    ),
    Group(
        "Inside the graph",
        (
            "what a node keeps is matched by identity, and cannot be changed from outside; "
            "look at it with minitorch.viz, or write an autograd.Function"
        ),
        "",
        {
            "torch.autograd": "enforce_grad_layout_policy set_multithreading_enabled",
            "torch.autograd.graph": (
                "GradientEdge allow_mutation_on_saved_tensors disable_saved_tensors_hooks "
                "get_gradient_edge increment_version region_activation_memory_budget "
                "register_multi_grad_hook saved_tensors_hooks set_override_stale_capture_stream "
                "set_warn_on_accumulate_grad_stream_mismatch"
            ),
            "torch": "set_anomaly_enabled",
        },
    ),
    Group(
        "Memory by hand",
        "a tensor's memory is a NumPy array; take it with .numpy(), and change it there",
        "",
        {
            "torch.UntypedStorage": (
                "bfloat16 bool byte byteswap char clone complex_double complex_float copy_ cpu "
                "cuda device double element_size filename fill_ float float8_e4m3fn "
                "float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz from_buffer get_device half hpu int "
                "is_cuda is_hpu is_pinned is_shared is_sparse is_sparse_csr long mps new "
                "pin_memory resizable resize_ share_memory_ short to tolist type"
            ),
            "torch": (
                "BoolStorage ByteStorage CharStorage DoubleStorage FloatStorage IntStorage "
                "LongStorage ShortStorage"
            ),
            "torch.cuda": (
                "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage "
                "ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage "
                "LongStorage ShortStorage"
            ),
            "torch.Tensor": "const_data_ptr grad_dtype module_load set_",
        },
    ),
    Group(
        "Inside files",
        (
            "files are read and written as zip archives of plain tensors alone; use load, "
            "save and safetensors"
        ),
        "",
        {
            "torch.utils.dlpack": "DLDeviceType",
            "torch.serialization": (
                "LoadEndianness SourceChangeWarning StorageType "
                "check_module_version_greater_or_equal default_restore_location get_crc32_options "
                "get_default_load_endianness get_default_mmap_options "
                "get_unsafe_globals_in_checkpoint location_tag mkdtemp normalize_storage_type "
                "register_package set_crc32_options set_default_load_endianness "
                "set_default_mmap_options skip_data storage_to_tensor_type"
            ),
            "torch": (
                "DeserializationStorageContext PyTorchFileReader PyTorchFileWriter "
                "SerializationStorageContext"
            ),
        },
    ),
    Group(
        "Inside checkpoints",
        "nothing is computed again in backward; call the function as it is",
        "",
        {
            "torch.utils.checkpoint": (
                "CheckpointFunction CheckpointPolicy DefaultDeviceType GraphExecGroup "
                "SAC_IGNORED_OPS SelectiveCheckpointContext create_selective_checkpoint_contexts "
                "set_checkpoint_debug_enabled "
            ),
        },
    ),
    Group(
        "Data pipes",
        "PyTorch no longer develops them; use an IterableDataset",
        "utils.data.datapipes",
        {
            "torch.utils.data": (
                "DFIterDataPipe DataChunk IterDataPipe MapDataPipe argument_validation "
                "functional_datapipe guaranteed_datapipes_determinism non_deterministic "
                "runtime_validation runtime_validation_disabled"
            ),
        },
    ),
    Group(
        "Rarer special functions",
        "they have no kernel on NumPy alone; scipy.special takes what .numpy() gives",
        "",
        {
            "torch.special": (
                "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t "
                "chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w erfcx "
                "hermite_polynomial_h hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l "
                "legendre_polynomial_p log_ndtr modified_bessel_i0 modified_bessel_i1 "
                "modified_bessel_k0 modified_bessel_k1 ndtri scaled_modified_bessel_k0 "
                "scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t "
                "shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
                "shifted_chebyshev_polynomial_w spherical_bessel_j0 zeta"
            ),
            "torch": "i0 i0_",
            "torch.Tensor": "i0 i0_",
        },
    ),
    Group(
        "Inside operations",
        (
            "it is a piece of another operation, or a rarer form of it; call that of "
            "nn.functional, numpy or linalg"
        ),
        "",
        {
            "torch": (
                "as_strided_ batch_norm_backward_elemt batch_norm_backward_reduce "
                "batch_norm_elemt batch_norm_gather_stats batch_norm_gather_stats_with_counts "
                "batch_norm_stats batch_norm_update_stats embedding_bag embedding_renorm_ "
                "from_file gru hash_tensor lobpcg lstm native_batch_norm native_dropout "
                "native_group_norm native_layer_norm native_norm rnn_relu rnn_tanh segment_reduce "
                "thread_safe_generator"
            ),
            "torch.random": "thread_safe_generator",
            "torch.Tensor": "as_strided_ hash_tensor",
            "torch.nn.functional": "assert_int_or_pair linear_cross_entropy",
            "torch.nn": "CrossMapLRN2d LinearCrossEntropyLoss LinearCrossEntropyOptions",
        },
    ),
    Group(
        "What PyTorch has removed",
        (
            "it is there in name only, and raises in PyTorch, too; use its successor, such as "
            "linalg.eig"
        ),
        "",
        {
            "torch": "legacy_contiguous_format",
            "torch.Tensor": (
                "eig index lstsq map2_ reinforce resize resize_as solve storage_type symeig "
                "volatile"
            ),
            "torch.nn": "Container",
            "torch.autograd": "NestedIOFunction",
        },
    ),
    Group(
        "Inside the library",
        "it serves PyTorch's own development; nothing outside it needs it",
        "_tensor_str utils.backend_registration utils.cpp_extension",
        {
            "torch.nn.Module": "T_destination",
            "torch.optim": "Muon swap_in_optimizer_params_and_state",
            "torch.utils": "get_cpp_backtrace swap_tensors",
            "torch.utils.hooks": "BackwardHook",
            "torch.overrides": "get_testing_overrides redispatch_function",
            "torch.dtype": "abbr",
        },
    ),
)
