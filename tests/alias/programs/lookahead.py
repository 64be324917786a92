"""A wrapper of optimizers that never calls `Optimizer.__init__`, and schedules of others."""

import copy
import io
import pickle
from collections import OrderedDict, defaultdict

import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR, _LRScheduler
from torch.optim.optimizer import ParamsT, required  # noqa: F401


class Lookahead(Optimizer):
    def __init__(self, base, k=2, alpha=0.5, hooks=True):
        if hooks:
            self._optimizer_step_pre_hooks = OrderedDict()
            self._optimizer_step_post_hooks = OrderedDict()
            self._optimizer_state_dict_pre_hooks = OrderedDict()
            self._optimizer_state_dict_post_hooks = OrderedDict()
            self._optimizer_load_state_dict_pre_hooks = OrderedDict()
            self._optimizer_load_state_dict_post_hooks = OrderedDict()
        self.base, self.alpha = base, alpha
        self.param_groups = base.param_groups
        self.defaults = base.defaults
        self.defaults.update(k=k)
        self.state = defaultdict(dict)
        for group in self.param_groups:
            group["k"], group["count"] = k, 0

    @torch.no_grad()
    def step(self, closure=None):
        loss = self.base.step(closure)
        for group in self.param_groups:
            group["count"] += 1
            if group["count"] % group["k"] == 0:
                for fast in group["params"]:
                    state = self.state[fast]
                    if "slow" not in state:
                        state["slow"] = torch.empty_like(fast).copy_(fast)
                    state["slow"].add_(fast - state["slow"], alpha=self.alpha)
                    fast.copy_(state["slow"])
        return loss

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.base.param_groups = self.param_groups


class Written(Optimizer):
    def __init__(self, params, lr=required):
        super().__init__(params, {"lr": lr})

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("decay", 0.5)

    @torch.no_grad()
    def step(self, closure=None):
        self._cuda_graph_capture_health_check()
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["step"], state["mean"] = 0, torch.zeros_like(p)
                state["step"] += 1
                state["mean"].lerp_(p.grad, 0.1)
                p.add_(state["mean"], alpha=-group["lr"])


class Warm(_LRScheduler):
    def __init__(self, optimizer, total, after=None, last_epoch=-1, verbose=False):
        self.total, self.after, self.verbose = total, after, verbose
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.after and self.last_epoch > self.total:
            self.after.step()
            return self.after.get_last_lr()
        return self._get_closed_form_lr()

    def _get_closed_form_lr(self):
        return [rate * min(1, (self.last_epoch + 1) / self.total) for rate in self.base_lrs]


def trained(make, steps=4, schedule=None):
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = make(model)
    schedule = schedule and schedule(optimizer)
    told = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(torch.arange(6.0).view(3, 2)).pow(2).mean()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
            told.append([round(rate, 6) for rate in schedule.get_last_lr()])
    return model, optimizer, told


def numbers(model):
    return [round(value, 5) for p in model.parameters() for value in p.flatten().tolist()]


def sgd(model):
    return SGD(model.parameters(), lr=0.01, momentum=0.9)


def lookahead(model):
    return Lookahead(sgd(model))


model, optimizer, _ = trained(lookahead)
print(numbers(model), optimizer)
told = optimizer.state_dict()
print(sorted(told), told["param_groups"], [sorted(state) for state in told["state"].values()])
file = io.BytesIO()
torch.save(told, file)
file.seek(0)
_, other, _ = trained(lookahead, 1)
other.load_state_dict(torch.load(file))
print(other.param_groups[0]["count"], other.base.param_groups is other.param_groups)
print(
    type(pickle.loads(pickle.dumps(optimizer))).__name__, sorted(copy.deepcopy(optimizer).__dict__)
)
calls = []
optimizer.register_step_pre_hook(lambda *args: calls.append(("pre", len(args))))
optimizer.register_step_post_hook(lambda *args: calls.append(("post", len(args))))
optimizer.step()
print(calls, hasattr(Lookahead.step, "hooked"), optimizer._zero_grad_profile_name)
optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))]})
print(len(optimizer.param_groups), optimizer.param_groups[1]["k"], optimizer.defaults["k"])
print(trained(lookahead, 4, lambda optimizer: StepLR(optimizer, 1, 0.5))[2])

model, optimizer, _ = trained(lambda model: Written(model.parameters(), lr=0.1))
print(numbers(model), [state["step"] for state in optimizer.state.values()], optimizer.param_groups)
optimizer.load_state_dict(optimizer.state_dict())
print([state["step"] for state in optimizer.state.values()], optimizer.param_groups[0]["decay"])
print(sorted(optimizer.__getstate__()), Written.step.__name__, Written.step.hooked)
for wrong in (lambda: Optimizer(model.parameters(), {}).step(), lambda: StepLR(object(), 1)):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__)


def warm_then_cosine(optimizer):
    return Warm(optimizer, 2, CosineAnnealingLR(optimizer, 4), verbose=True)


print(trained(lambda model: Adam(model.parameters()), 7, warm_then_cosine)[2])
_, optimizer, _ = trained(sgd, 1)
schedule = Warm(optimizer, 4)
optimizer.step()
schedule.step()
print(sorted(schedule.state_dict()), schedule.last_epoch, schedule._step_count, schedule.base_lrs)
schedule.step(2)
print(schedule.get_last_lr(), optimizer.param_groups[0]["initial_lr"])
print(issubclass(_LRScheduler, LRScheduler), issubclass(StepLR, _LRScheduler))
print(sorted(pickle.loads(pickle.dumps(optimizer)).__dict__) == sorted(optimizer.__dict__))
