"""The lines that random expressions are made of; see `fuzz`.

Each is a template, filled in with names and numbers:

- {a} {b} any tensor at hand; {f} a floating one; {i} an integer or bool one, {k} a bool one;
  {v} {q} {p} {r} floating ones of 1, 2, 3, 4 dimensions, not empty; {g} one of the
  first tensor's dtype
- {d} a dimension of the first tensor named, {s} a shape that it broadcasts to
- {x} a small number, {y} a Python number of any kind and size, {u} one in 0 to 1
- {t} a dtype; {m} the module, {F} its nn.functional

Where PyTorch does not agree with itself, a template keeps away from there:

- atan2 takes floats: with a uint8 operand PyTorch negates it in uint8, going backward.
- gelu takes finite numbers: at infinity it is NaN in float32, but infinity in the other dtypes.
  Nor does it take what is far below 0, where PyTorch's is rounded to 0.
- addr takes one dtype: PyTorch goes backward in none else.
- pairwise_distance takes float32: in float16 a gradient over 1e-6, its eps, is infinite.
- the sign of NaN is not said, nor whether trapezoids of infinities add up to NaN or infinity; and
  the cross product of a vector with itself is 0 or a rounding error.
- block_diag takes matrices: PyTorch's gradient is misplaced after a vector of no elements. An
  assignment goes to floats: an empty integer tensor would require grad in PyTorch.
- the target of kl_div is not 0, where PyTorch's gradient is NaN.
- attention scores are finite: PyTorch gives rows of NaN or of 0 by which kernel it takes.
- kron and isin take contiguous tensors: PyTorch cannot view the others. What depends on the order
  in memory (view, as_strided, filling with draws) starts from a contiguous tensor too: how the
  result of an operation lies in memory differs from kernel to kernel.
- hardsigmoid takes float32: PyTorch's gradient is 1/6 in float32, even in float64.
- logical_not_ takes a constant: PyTorch lets the gradient of what was overwritten through.
- an assignment lists no index twice: which value is kept is not said.
- var_mean and std_mean take finite numbers: their running mean is NaN or infinity by where the
  infinity stands.
- a step where there are not two elements means nothing, and differs from kernel to kernel.
"""

LINES = """
{a} + {b} | {a} - {b} | {a} * {b} | {a} / {b} | {a} // {b} | {a} % {b} | {f} ** {x}
{f}.abs() ** {g} | {a} + {x} | {x} - {a} | {a} * {x} | {x} / {f} | {a} / {x} | {a} // {x}
{a} % {x} | {a} ** 2 | 2 ** {a} | -{a} | ~{k} | {i} & {i} | {i} ^ {i} | {a} < {b} | {a} >= {b}
{a} == {b} | {a} != {x} | {m}.add({a}, {b}, alpha=2) | {m}.sub({a}, {x}, alpha=3)
{m}.div({a}, {b}, rounding_mode='floor') | {m}.div({a}, {b}, rounding_mode='trunc')
{m}.remainder({a}, {b}) | {m}.fmod({a}, {b}) | {m}.atan2({f}, {g}) | {m}.maximum({a}, {b})
{m}.minimum({a}, {b}) | {m}.fmax({a}, {b}) | {m}.logaddexp({f}, {g}) | {m}.hypot({f}, {g})
{m}.copysign({f}, {g}.nan_to_num()) | {m}.xlogy({a}, {b}) | {m}.logical_and({a}, {b})
{m}.logical_or({a}, {b}) | {m}.logical_xor({a}, {b}) | {a}.logical_not() | {m}.isclose({f}, {g})
{m}.lerp({f}, {g}, {u}) | {m}.addcmul({f}, {g}, {g}, value=0.5)
{m}.addcdiv({f}, {g}, {g}, value=0.5) | {m}.clamp({a}, -1, 1) | {m}.clamp({a}, min={b})
{m}.where({a} > 0, {a}, {b}) | {m}.where({k}, {a}, {x}) | {a}.masked_fill({a} > {x}, 1) | {a}.abs()
{f}.exp() | {f}.abs().log() | {f}.abs().sqrt() | {a}.sin() | {a}.cos() | {a}.tanh() | {a}.sigmoid()
{f}.tan() | {a}.atan() | {a}.sinh() | {a}.asinh() | {a}.cosh() | {a}.square() | {f}.abs().log1p()
{f}.expm1() | {f}.exp2() | {f}.abs().rsqrt() | {a}.reciprocal() | {a}.sign() | {a}.floor()
{a}.ceil() | {a}.round() | {a}.trunc() | {f}.frac() | {f}.erf() | {f}.erfc()
{f}.clamp(-0.9, 0.9).asin() | {f}.clamp(-0.9, 0.9).acos() | {f}.clamp(-0.9, 0.9).atanh()
{a}.isnan() | {a}.isfinite() | {f}.nan_to_num() | {m}.sinc({f}) | {a}.neg() | {a}.positive()
{a}.sum() | {a}.sum({d}) | {a}.sum({d}, keepdim=True) | {a}.sum(dtype={m}.float64) | {f}.mean()
{a}.mean({d}) | {f}.var({d}) | {f}.std({d}, unbiased=False) | {f}.var() | {a}.prod() | {a}.prod({d})
{a}.amax({d}) | {a}.amin({d}, keepdim=True) | {a}.max() | {a}.min() | {a}.max({d}) | {a}.min({d})
{a}.argmax() | {a}.argmax({d}) | {a}.argmin({d}, keepdim=True) | {a}.all() | {a}.any({d})
{a}.all({d}) | {f}.logsumexp({d}) | {f}.norm() | {f}.norm(1, {d}) | {f}.norm(2, {d}, keepdim=True)
{a}.count_nonzero() | {a}.cumsum({d}) | {f}.cumprod({d}) | {a}.diff(dim={d}) | {m}.aminmax({a})
{a}.sort(dim={d}, stable=True) | {a}.argsort(dim={d}, stable=True) | {a}.topk(1, {d})[0]
{a}.flip({d}) | {a}.cummax({d}) | {f}.median() | {f}.quantile({u})
{m}.var_mean({f}.nan_to_num(1, 9, -9), {d}) | {f}.nansum() | {a}.unique() | {a}.reshape(-1)
{a}.flatten() | {a}.ravel() | {a}.unsqueeze({d}) | {a}.squeeze() | {a}.squeeze({d})
{a}.transpose({d}, -1) | {a}.t() | {a}.T | {a}.mT | {a}.movedim({d}, 0) | {a}.expand({s})
{a}.broadcast_to({s}) | {a}.repeat(2, *([1] * ({a}.ndim - 1))) | {a}.tile(2) | {a}.roll(1, {d})
{a}.chunk(2, {d}) | {a}.split(1, {d}) | {a}.unbind({d}) | {a}.tensor_split(2, {d}) | {a}.clone()
{a}.select({d}, 0) | {a}.narrow({d}, 0, 1) | {a}.diagonal() | {a}.tril() | {a}.triu(1) | {a}.diag()
{m}.cat([{a}, {b}], {d}) | {m}.stack([{a}, {a}], {d}) | {m}.hstack([{a}, {a}])
{m}.vstack([{a}, {b}]) | {a}[0] | {a}[..., 0] | {a}[None] | {a}[..., ::2] | {a}[{a} > 0]
{a}[[0, 0]] | {a}[1:] | {a}[:, 0] | {a}.index_select({d}, {m}.tensor([0, 0]))
{a}.gather({d}, {m}.zeros_like({a}, dtype={m}.int64))
{m}.take_along_dim({a}, {a}.argsort(dim={d}, stable=True), {d}) | {a}.masked_select({a} > {x})
{a}.nonzero() | {a}.index_fill({d}, {m}.tensor([0]), 2)
{a}.index_add({d}, {m}.tensor([0]), {a}.narrow({d}, 0, 1))
{a}.scatter({d}, {m}.zeros_like({a}, dtype={m}.int64), {x}) | {a}.repeat_interleave(2, {d})
{f} @ {g} | {f} @ {f}.mT | {m}.matmul({f}.mT, {f}) | {m}.outer({f}.flatten(), {g}.flatten())
{m}.dot({f}.flatten(), {f}.flatten()) | {m}.einsum('...i,...i->...', {f}, {f}) | {m}.inner({f}, {f})
{m}.trace({f}) | {m}.tensordot({f}, {f}, dims=0) | {F}.linear({f}, {f}) | {f}.softmax({d})
{f}.log_softmax({d}) | {F}.relu({a}) | {F}.gelu({f}.clamp(-3, 1e9)) | {F}.silu({f}) | {F}.elu({f})
{F}.leaky_relu({f}) | {F}.softplus({f}) | {F}.logsigmoid({f}) | {F}.mish({f}) | {F}.selu({f})
{F}.hardtanh({f}) | {F}.hardswish({f}) | {F}.relu6({f}) | {F}.softsign({f}) | {F}.softshrink({f})
{F}.glu({f}, {d}) | {F}.normalize({f}, dim={d}) | {F}.layer_norm({f}, {f}.shape[-1:])
{F}.mse_loss({f}, {g}) | {F}.l1_loss({f}, {g}) | {F}.smooth_l1_loss({f}, {g})
{F}.huber_loss({f}, {g}) | {F}.binary_cross_entropy_with_logits({f}, {g}.sigmoid())
{F}.kl_div({f}, {g}.clamp(-9, 9).sigmoid(), reduction='sum') | {F}.cosine_similarity({f}, {g}, {d})
{F}.pairwise_distance({f}.float(), {g}.float()) | {F}.dropout({f}, {u}, False)
{F}.pad({f}, (1, 2)) | {F}.pad({f}, (1, 0), value=2.0) | {F}.avg_pool1d({f}, 2)
{F}.max_pool1d({f}, 2) | {a}.to({m}.float32) | {a}.to({m}.float64) | {a}.to({m}.int64) | {a}.bool()
{a}.int() | {a}.double() | {a}.clone().add_({b}) | {a}.clone().mul_({x}) | {f}.clone().exp_()
{a}.clone().fill_({x}) | {m}.ones_like({a}) | {m}.zeros_like({a}) | {m}.full_like({a}, {x})
{a}.new_ones(2) | {a}.numel() | {a}.item() | {a}.tolist() | {a}.size()
(v := {a}.contiguous().transpose({d}, 0)[..., ::2], [step for step, n in zip(v.stride(),
  v.shape) if n != 1] * bool(v.numel()))[1]
{a}.contiguous().is_contiguous() | {a}.contiguous()

{a}.acosh() | {f}.log10() | {f}.log2() | {a}.round(decimals=1) | {a}.round(decimals=-1) | {a}.sgn()
{a}.isinf() | {a}.isposinf() | {a}.isneginf() | {a}.clamp_max({x}) | {a}.clamp_min({x})
{m}.mul({a}, {b}) | {m}.true_divide({a}, {b}) | {m}.floor_divide({a}, {b}) | {a}.le({b})
{a}.gt({x}) | {i}.__or__({i}) | {i}.bitwise_left_shift(1) | {i} >> 1 | {i} & 3 | 3 ^ {i}
{i}.bitwise_not() | {m}.bitwise_or({i}, {i}) | {m}.deg2rad({a}) | {m}.rad2deg({a})
{a}.nan_to_num().signbit() | {f}.abs().digamma() | {f}.clamp(-0.9, 0.9).erfinv()
{f}.abs().lgamma() | {m}.special.ndtr({f}) | {m}.special.entr({f})
{m}.special.xlog1py({a}, {f}.abs()) | {m}.special.expit({f}) | {f}.logit(eps=0.1)
{m}.fmin({a}, {b}) | {m}.ldexp({f}, {x}) | {m}.heaviside({f}, {g}) | {m}.lcm({i}, {i})
{m}.gcd({i}, {i}) | {m}.nextafter({f}, {g}) | {m}.float_power({a}, 2) | {m}.logaddexp2({f}, {g})
{m}.frexp({f}) | {m}.allclose({f}, {f}) | {m}.equal({a}, {b}) | {m}.rsub({a}, {b})
{m}.lerp({f}, {g}, {g}) | {m}.addcmul({a}, {b}, {b}) | {m}.clamp({a}, min={b}, max={b})
{m}.nan_to_num({f}, nan=1.0) | {x} + {a} | {x} * {a} | {x} ** {f}.clamp(-3, 3) | {x} // {f}
{x} % {f} | {x} < {a} | {a} ** {i}.clamp(0, 3) | {a} + {y} | {a} - {y} | {y} - {a} | {a} * {y}
{a} / {y} | {y} / {f} | {a} == {y} | {a} != {y} | {a} <= {y} | {a} > {y} | {f} // {y} | {f} % {y}
{m}.where({k}, {a}, {y}) | {m}.full_like({a}, {y}) | {m}.full((2,), {y}) | {a}.masked_fill({k}, {y})
{a}.clone().fill_({y}) | {a}.clamp(max={y}) | {m}.fmod({f}, {y})
{a}.index_fill({d}, {m}.tensor([0]), {y}) | {m}.add({a}, {b}, alpha={y})
{m}.maximum({a}, {m}.tensor({y})) | {m}.full((2,), {y}, dtype={t}) | {m}.tensor({y}, dtype={t})
{m}.tensor([{y}], dtype={t}) | {a}.to({t}) | {a}.type({t}) | {m}.zeros(2, dtype={t})
{m}.arange(5, dtype={t}) | {m}.arange(1, 6, {x}, dtype={t}) | {m}.linspace(-1, {x}, 5, dtype={t})
{m}.logspace(-1, 1, 4, dtype={t}) | {m}.eye(2, 3, dtype={t}) | {m}.ones_like({a}, dtype={t})
{m}.scalar_tensor({x}, dtype={t}) | {a}.new_full((2,), {x}) | {a}.new_zeros((2, 1), dtype={t})
{a}.new_tensor([1, 2]) | {a}.sum({d}, dtype={t}) | {a}.sum(dtype={t}) | {a}.prod({d}, dtype={t})
{a}.cumsum({d}, dtype={t}) | {a}.cumprod({d}, dtype={t}) | {f}.softmax({d}, dtype={m}.float64)
{a}.log_softmax({d}, dtype={m}.float32) | {m}.result_type({a}, {b}) | {m}.result_type({a}, {y})
{m}.can_cast({a}.dtype, {t}) | {m}.promote_types({a}.dtype, {t}) | {a}.byte() | {a}.char()
{a}.short() | {a}.long() | {a}.half() | {a}.float() | {m}.asarray({a}, dtype={t})
{m}.as_tensor({a}, dtype={t}) | {m}.tril_indices(3, 3, 1) | {m}.triu_indices(3, 2)
{m}.meshgrid({a}.flatten(), {a}.flatten(), indexing='ij') | {m}.empty_like({a}).shape
{a}.new_empty((2,)).shape | ({m}.manual_seed(3), {m}.rand(2, 9, dtype={f}.dtype))[1]
({m}.manual_seed(3), {m}.randn(2, 9))[1] | ({m}.manual_seed(3), {m}.rand_like({f}.contiguous()))[1]
({m}.manual_seed(3), {m}.randn_like({f}.contiguous()))[1]
({m}.manual_seed(3), {m}.randint(-2, 9, (5,)))[1]
({m}.manual_seed(3), {m}.randint_like({a}.contiguous(), 5))[1]
({m}.manual_seed(3), {m}.randperm(6))[1] | ({m}.manual_seed(3), {m}.normal(0.0, 2.0, (4,)))[1]
({m}.manual_seed(3), {m}.bernoulli({f}.contiguous().sigmoid()))[1]
({m}.manual_seed(3), {m}.normal({f}.contiguous(), 1.0))[1]
({m}.manual_seed(3), {m}.multinomial({v}.sigmoid(), 1))[1]
({m}.manual_seed(3), {f}.detach().contiguous().clone().uniform_(-1, 2))[1]
({m}.manual_seed(3), {f}.detach().contiguous().clone().normal_())[1]
({m}.manual_seed(3), {f}.detach().contiguous().clone().exponential_())[1]
({m}.manual_seed(3), {a}.detach().contiguous().clone().random_(5))[1]
({m}.manual_seed(3), {a}.detach().contiguous().clone().bernoulli_(0.3))[1]
({m}.manual_seed(3), {F}.dropout({f}.contiguous(), 0.5))[1]
({m}.manual_seed(3), {F}.dropout1d({p}.contiguous(), 0.5))[1]
({m}.manual_seed(3), {F}.dropout2d({r}.contiguous(), 0.5))[1]
({m}.manual_seed(3), {F}.alpha_dropout({f}.contiguous(), 0.5, True))[1]
({m}.manual_seed(3), {F}.rrelu({f}.contiguous(), training=True))[1] | {F}.rrelu({f})
{m}.addmm({q}, {q}, {q}) | {m}.addmv({v}, {q}, {v}) | {m}.baddbmm({p}, {p}, {p}.mT)
{m}.bmm({p}, {p}.mT) | {m}.mv({q}, {v}) | {m}.addr({q}, {q}[:, 0], {q}[0]) | {m}.mm({q}, {q}.t())
{m}.vdot({v}, {v}) | {q} @ {v} | {m}.einsum('ij,kj->ik', {q}, {q}) | {m}.einsum('bij->bji', {p})
{m}.einsum('ii', {q}) | {m}.einsum('i,j', {v}, {v}) | {m}.einsum('bij,bkj->bik', {p}, {p})
{m}.einsum('...ij->...i', {p}) | {m}.tensordot({q}, {q}, dims=([1], [1])) | {m}.linalg.norm({f})
{m}.linalg.vector_norm({f}, 3, {d}) | {m}.linalg.matrix_norm({q}) | {m}.linalg.matrix_norm({q}, 1)
{f}.norm('fro') | {f}.norm(float('inf'), {d}) | {f}.norm(0, {d}) | {f}.norm(-float('inf'))
{f}.norm(0.5, {d}) | {m}.linalg.vecdot({q}, {q}) | {m}.linalg.multi_dot([{q}, {q}.t(), {q}])
{m}.linalg.cross({f}, {f} * {f}) | {m}.cross({q}, {q} * {q}, {d})
{m}.kron({q}.contiguous(), {q}.contiguous()) | {m}.cdist({q}, {q}) | {m}.cdist({q}, {q}, p=1.0)
{m}.dist({f}, {g}) | {m}.renorm({q}, 2, 0, 1.0)
{m}.linalg.cholesky({q} @ {q}.t() + 9 * {m}.eye({q}.shape[0], dtype={q}.dtype)) | {m}.corrcoef({q})
{m}.std_mean({f}.nan_to_num(1, 9, -9), {d}) | {f}.nanmean({d}) | {f}.nansum({d})
{f}.var({d}, correction=0) | {f}.std({d}, keepdim=True) | {f}.std() | {f}.mean({d}, keepdim=True)
{f}.aminmax(dim={d}) | {f}.nanmedian() | {f}.nanmedian({d}) | {f}.median({d}).values
{f}.nanquantile({u}, {d}) | {f}.quantile({u}, {d}) | {f}.quantile({u}, interpolation='nearest')
{f}.kthvalue(1, {d}).values | {a}.mode({d}).values | {m}.max({a}, {b}) | {m}.min({a}, {b})
{a}.amax() | {a}.amax(({d},)) | {a}.sum(({d}, -1)) | {a}.all({d}, keepdim=True)
{a}.count_nonzero({d}) | {a}.cummin({d}) | {f}.logcumsumexp({d})
{m}.trapezoid({f}.nan_to_num(0, 9, -9), dim={d}) | {m}.cumulative_trapezoid({f}, dim={d})
{m}.gradient({f}) | {a}.unique_consecutive() | {a}.unique(return_counts=True)
{a}.unique(return_inverse=True) | {m}.isin({a}.contiguous(), {b}.contiguous())
{m}.histc({f}.nan_to_num(0, 1, -1), 4, -2, 2) | {m}.bincount({i}.flatten().abs().clamp(max=9))
{m}.bucketize({f}, {m}.tensor([-1.0, 0.0, 1.0])) | {m}.searchsorted({m}.tensor([-1, 0, 1]), {i})
{a}.msort() | {m}.searchsorted({v}.sort()[0], {v}) | {a}.topk(2, {d})[0]
{a}.topk(1, {d}, largest=False)[0] | {a}.sort({d}, descending=True)[0]
{a}.argsort(dim={d}, descending=True, stable=True) | {a}.argmax({d}, keepdim=True)
{m}.broadcast_tensors({a}, {b}) | {m}.broadcast_shapes({a}.shape, {b}.shape)
{a}.sum_to_size({b}.shape) | {a}.expand_as({b}) | {m}.diag_embed({a}) | {a}.fliplr() | {a}.flipud()
{a}.permute(*reversed(range({a}.ndim))) | {a}.split([1, 1], {d}) | {a}.hsplit(1) | {a}.vsplit(1)
{a}.dsplit(1) | {a}.reshape_as({b}) | {a}.contiguous().view(-1) | {a}.contiguous().view_as({b})
{m}.atleast_1d({a}) | {m}.atleast_2d({a}) | {m}.atleast_3d({a}) | {a}.unflatten({d}, (-1, 1))
{m}.column_stack([{a}, {b}]) | {m}.dstack([{a}, {b}]) | {a}.squeeze((0, -1)) | {m}.diagflat({a})
{m}.block_diag({q}, {q}) | {m}.combinations({v}) | {m}.cartesian_prod({v}, {v}) | {a}.rot90()
{a}.unfold({d}, 2, 1) | {a}.swapaxes({d}, 0) | {a}.flatten(0, {d}) | {a}.diagonal(1)
{a}.diagonal(0, 0, -1) | {a}.tril(-1) | {a}.detach().flatten().view({t})
{a}.contiguous().as_strided((2,), (1,)) | {a}.repeat_interleave(2)
{a}.repeat_interleave({m}.tensor([2]), {d}) | {a}.roll((1, -1), (0, -1)) | {a}.adjoint()
{a}.nonzero(as_tuple=True) | {m}.cat([{a}, {b}, {a}]) | {m}.stack([{a}, {b}])
{m}.concat([{a}, {a}], {d}) | {a}.argwhere() | {a}[{k}] | {a}[{m}.tensor([0, -1])]
{a}[{m}.tensor([[0], [0]])] | {a}[..., {m}.tensor([0, 0])] | {a}[:, None] | {a}[-1:, ..., 0]
{a}[{m}.tensor(0)] | {a}[True] | {a}[False] | {a}[{i}] | {a}[::2, 1:]
{a}.index_select({d}, {m}.tensor([1]))
{a}.scatter({d}, {m}.zeros_like({a}, dtype={m}.int64), {a}.sort(dim={d},
  stable=True)[0].flip({d}).narrow({d}, 0, 1))
{a}.scatter_add({d}, {m}.zeros_like({a}, dtype={m}.int64), {a})
{a}.scatter_add({d}, {a}.argsort(dim={d}, stable=True), {a})
{a}.scatter_reduce({d}, {m}.zeros_like({a}, dtype={m}.int64), {a}, 'amax')
{a}.gather({d}, {a}.argsort(dim={d}, stable=True))
{a}.scatter_reduce({d}, {m}.zeros_like({a}, dtype={m}.int64), {a}, 'mean', include_self=False)
{a}.scatter_reduce({d}, {m}.zeros_like({a}, dtype={m}.int64), {a}, 'prod')
{a}.index_copy({d}, {m}.tensor([0]), {a}.narrow({d}, -1, 1))
{a}.index_add({d}, {m}.tensor([0]), {a}.narrow({d}, 0, 1), alpha=2)
{a}.index_put(({m}.tensor([0]),), {a}[-1:])
{a}.index_put(({m}.tensor([0, 0]),), {m}.ones_like({a}[:1]), accumulate=True)
{a}.masked_scatter({a} > {x}, {a}.flip(0)) | {a}.diagonal_scatter({m}.zeros_like({a}.diagonal()))
{a}.take({m}.tensor([0, -1])) | {a}.select_scatter({m}.zeros_like({a}.select({d}, 0)), {d}, 0)
{a}.put({m}.tensor([0]), {m}.ones_like({a}.flatten()[:1]))
{a}.slice_scatter({m}.zeros_like({a}.narrow({d}, 0, 1)), {d}, 0, 1)
{m}.unravel_index({m}.tensor([1, 3]), (2, 2)) | (v := {a}.clone(), v.select({d}, 0).mul_(2))
(v := {a}.clone(), v.t().add_({x})) | (v := {a}.clone(), v[..., ::2].zero_())
(v := {a}.contiguous().clone(), v.view(-1)[:1].fill_(3))
(v := {a}.clone(), v.diagonal().copy_({b})) | (v := {a}.clone(), v[:1].add_({b}))
(v := {f}.clone(), w := v[0], v.mul_(2), w * w) | (v := {f}.clone(), v[0].exp_(), v.sin_())
(v := {a}.clone(), v.unsqueeze_(0)) | (v := {a}.clone(), v.__setitem__(0, {x}))
(v := {f}.clone(), v.__setitem__(..., {b})) | (v := {a}.clone(), v.__setitem__({a} > 0, {x}))
(v := {a}.clone(), v.__setitem__([0], {b})) | (v := {a}.clone(), v.__setitem__((..., 0), {x}))
(v := {a}.clone(), v.t_()) | (v := {f}.clone(), v.detach().add_(1), v * 2)
(v := {a}.clone(), v.squeeze_()) | (v := {f} * 1, v.relu_(), v + 1) | {a}.clone().sub_({b})
{a}.clone().div_({x}) | {a}.clone().pow_(2) | {a}.clone().clamp_(-1, 1) | {f}.clone().sqrt_()
{f}.clone().sigmoid_() | {f}.clone().tanh_() | {f}.clone().relu_() | {a}.clone().abs_()
{a}.clone().neg_() | {a}.clone().zero_() | {a}.clone().masked_fill_({a} > 0, {x})
{a}.clone().index_add_({d}, {m}.tensor([0]), {a}.narrow({d}, 0, 1))
{a}.clone().scatter_({d}, {m}.zeros_like({a}, dtype={m}.int64), {x}) | {a}.clone().copy_({b})
{f}.clone().lt_({x}) | {a}.clone().floor_divide_({x}) | {a}.clone().remainder_({x})
{f}.clone().lerp_({g}, 0.3) | {f}.clone().addcmul_({g}, {g}) | {a}.detach().clone().logical_not_()
{a}.clone().tril_() | {i}.clone().bitwise_and_({i})
{a}.clone().index_fill_({d}, {m}.tensor([0]), 2) | {f}.clone().cumsum_({d})
{a}.clone().transpose_({d}, 0) | {a}.clone().round_() | {F}.softmin({f}, {d})
{F}.prelu({f}, {m}.tensor([0.3], dtype={f}.dtype)) | {F}.celu({f}, 2.0)
{F}.hardsigmoid({f}.float()) | {F}.tanhshrink({f}) | {F}.threshold({a}, 0.1, 2.0)
{F}.hardshrink({f}) | {F}.elu({f}, 0.5) | {F}.softplus({f}, 2, 3) | {F}.hardtanh({f}, -0.5, 2)
{F}.gelu({f}.clamp(-3, 1e9), approximate='tanh') | {F}.leaky_relu({f}, 0.3)
{F}.cross_entropy({q}, {m}.zeros({q}.shape[0], dtype={m}.int64))
{F}.cross_entropy({q}, {q}.softmax(1))
{F}.cross_entropy({q}, {m}.zeros({q}.shape[0], dtype={m}.int64), label_smoothing=0.1,
  reduction='none')
{F}.cross_entropy({q}, {m}.zeros({q}.shape[0], dtype={m}.int64), ignore_index=0, reduction='sum')
{F}.cross_entropy({p}, {m}.zeros({p}.shape[0], {p}.shape[2], dtype={m}.int64),
  weight={p}.abs().sum((0, 2)).detach())
{F}.nll_loss({q}.log_softmax(1), {m}.zeros({q}.shape[0], dtype={m}.int64))
{F}.cross_entropy({v}, {m}.tensor(0)) | {F}.margin_ranking_loss({f}, {g}, {f}.sign(), margin=0.5)
{F}.triplet_margin_loss({q}, {q} + 1, {q} - 0.5)
{F}.binary_cross_entropy({f}.sigmoid(), {g}.sigmoid().detach())
{F}.binary_cross_entropy_with_logits({f}, {f}.sign(), pos_weight={f}.detach().abs())
{F}.cosine_embedding_loss({q}, {q}.flip(0), {m}.ones({q}.shape[0]), margin=0.2)
{F}.hinge_embedding_loss({f}, {f}.sign()) | {F}.soft_margin_loss({f}, {f}.detach().sign())
{F}.multi_margin_loss({q}, {m}.zeros({q}.shape[0], dtype={m}.int64))
{F}.multilabel_margin_loss({q}, {m}.zeros_like({q}, dtype={m}.int64))
{F}.multilabel_soft_margin_loss({q}, {q}.sigmoid())
{F}.gaussian_nll_loss({f}, {f} + 1, {f}.abs() + 0.5) | {F}.poisson_nll_loss({f}, {f}.abs())
{F}.pdist({q}) | {F}.mse_loss({f}, {f} * 2, reduction='sum')
{F}.l1_loss({f}, {f} * 2, reduction='none') | {F}.huber_loss({f}, {f} * 2, delta=0.5)
{F}.smooth_l1_loss({f}, {f} * 2, beta=0.3, reduction='sum')
{F}.kl_div({f}, {f}.clamp(-9, 9).sigmoid(), reduction='batchmean')
{F}.kl_div({f}, {f}, log_target=True, reduction='none') | {F}.group_norm({p}, 1)
{F}.group_norm({r}, 2) | {F}.instance_norm({p}) | {F}.instance_norm({r})
{F}.rms_norm({f}, {f}.shape[-1:]) | {F}.batch_norm({p}, None, None, training=True)
{F}.batch_norm({r}, None, None, training=True) | {F}.batch_norm({q}, None, None, training=True)
{F}.batch_norm({p}, {p}.detach().mean((0, 2)), {p}.detach().abs().mean((0, 2)) + 1)
{F}.local_response_norm({p}, 2)
{F}.layer_norm({p}, {p}.shape[-2:], {p}.detach()[0] * 0 + 2, {p}.detach()[0])
{F}.normalize({f}, p=1, dim={d})
{F}.conv1d({p}, {m}.ones(2, {p}.shape[1], 2, dtype={p}.dtype).cumsum(-1))
{F}.conv1d({p}, {p}[:, :, :2], padding=1, stride=2)
{F}.conv1d({p}, {m}.ones(2 * {p}.shape[1], 1, 2, dtype={p}.dtype).cumsum(0), groups={p}.shape[1],
  dilation=2, padding='same')
{F}.conv2d({r}, {m}.ones(2, {r}.shape[1], 2, 3, dtype={r}.dtype).cumsum(-1), padding=1)
{F}.conv2d({r}, {r}[:, :, :2, :2], stride=(2, 1))
{F}.conv_transpose1d({p}, {m}.ones({p}.shape[1], 2, 2, dtype={p}.dtype).cumsum(-1), stride=2,
  output_padding=1)
{F}.conv_transpose2d({r}, {m}.ones({r}.shape[1], 2, 2, 2, dtype={r}.dtype).cumsum(-1), padding=1,
  dilation=2)
{F}.conv3d({r}.unsqueeze(2), {m}.ones(1, {r}.shape[1], 1, 2, 2, dtype={r}.dtype).cumsum(-1))
{F}.avg_pool1d({p}, 2, 1, padding=1) | {F}.avg_pool2d({r}, 2)
{F}.avg_pool2d({r}, 3, 2, 1, True, False) | {F}.avg_pool3d({r}, (1, 2, 2)) | {F}.max_pool2d({r}, 2)
{F}.max_pool2d({r}, 2, 1, 1, ceil_mode=True) | {F}.max_pool2d({r}, 2, return_indices=True)
{F}.lp_pool2d({r}, 2, 2) | {F}.max_pool1d({p}, 2, stride=1, dilation=2)
{F}.max_pool3d({r}, (1, 2, 2)) | {F}.adaptive_avg_pool1d({p}, 2)
{F}.adaptive_avg_pool2d({r}, (2, 3)) | {F}.adaptive_max_pool1d({p}, 2)
{F}.adaptive_max_pool2d({r}, (3, 2)) | {F}.adaptive_avg_pool2d({r}, 1)
{F}.max_unpool1d(*{F}.max_pool1d({p}, 2, return_indices=True), 2) | {F}.unfold({r}, 2)
{F}.fold({F}.unfold({r}, 2), {r}.shape[-2:], 2)
{F}.scaled_dot_product_attention({p}.sin().nan_to_num(), {p}.cos().nan_to_num(), {p})
{F}.scaled_dot_product_attention({r}.cos().nan_to_num(), {r}.sin().nan_to_num(), {r},
  is_causal=True)
{F}.one_hot({i}.abs().long()) | {F}.embedding({i}.abs().long(), {q})
{F}.embedding({m}.tensor([[0, 1], [1, 0]]), {q}, padding_idx=0)
{F}.embedding_bag({m}.tensor([[0, 1], [1, 0]]), {q})
{F}.embedding_bag({m}.tensor([0, 1, 1]), {q}, {m}.tensor([0, 2]), mode='max')
{F}.pad({p}, (1, 1), mode='reflect') | {F}.pad({p}, (1, 2), mode='replicate')
{F}.pad({r}, (1, 0, 0, 1), mode='circular') | {F}.pad({a}, (1, 0), value={x})
{F}.pad({f}, (-1, 1)) | {F}.pad({r}, (1, 1, 1, 1), mode='reflect')
{F}.interpolate({p}, scale_factor=2.0) | {F}.interpolate({r}, (3, 5), mode='nearest-exact')
{F}.interpolate({r}, scale_factor=1.5, mode='bilinear')
{F}.interpolate({r}, (3, 5), mode='bilinear', align_corners=True)
{F}.interpolate({p}, 5, mode='linear') | {F}.interpolate({r}, (2, 2), mode='area')
{F}.interpolate({r}, (5, 6), mode='bicubic')
{F}.interpolate({r}.nan_to_num(0, 9, -9), (2, 2), mode='bilinear', antialias=True)
{F}.pixel_shuffle({r}, 1) | {F}.pixel_unshuffle({r}, 2) | {F}.channel_shuffle({r}, 2)
{F}.bilinear({q}, {q}, {m}.ones(2, {q}.shape[1], {q}.shape[1], dtype={q}.dtype))
{F}.grid_sample({r}, {m}.linspace(-1.2, 1.1, 8, dtype={r}.dtype).reshape(1, 2, 2,
  2).expand({r}.shape[0], 2, 2, 2), align_corners=False)
{F}.affine_grid({m}.ones(1, 2, 3, dtype={f}.dtype), (1, 1, 2, 2), align_corners=True)
{F}.linear({q}, {q}, {m}.ones({q}.shape[0], dtype={q}.dtype)) | {F}.logsigmoid({f}) + {f}
{F}.softmax({f}, -1) | {F}.cosine_similarity({f}, {f} + 1, -1, 1e-3)
{F}.pairwise_distance({q}, {q} + 1, 1.0) | {a}.element_size() | {a}.dim() | {a}.type()
{a}.is_floating_point() | {a}.nelement() | {a}.storage_offset() | {a}.is_set_to({a})
{a}.grad_fn is None | {a}.is_leaf | {a}.numpy(force=True).tolist() | len({a}) | bool({a})
float({a}) | int({a}) | list({a}) | {a}.ndim | str({a}.detach()) | repr({f}.detach() + 1)
{a} in [1] | {x} in {a} | hash({a}) == hash({a})
{a}.__array__({a}.detach().numpy().dtype).shape if not {a}.requires_grad else 0
"""
_ONE_LINE = LINES.replace("\n  ", " ").replace("\n", " | ")
TEMPLATES = [line.strip() for line in _ONE_LINE.split(" | ") if line.strip()]
