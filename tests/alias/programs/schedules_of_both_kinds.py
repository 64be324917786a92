"""A training loop that takes the library's schedules and plain functions of the epoch."""

import pickle

import torch
from torch.optim import lr_scheduler


class SquareRoot:
    def __init__(self, lr=0.1):
        self.lr = lr

    def __call__(self, updates):
        return self.lr * pow(updates + 1.0, -0.5)


def train(net, trainer, epochs, scheduler=None):
    for epoch in range(epochs):
        trainer.zero_grad()
        net(torch.ones(2, 3)).pow(2).sum().backward()
        trainer.step()
        if scheduler:
            if scheduler.__module__ == lr_scheduler.__name__:
                scheduler.step()
            else:
                for param_group in trainer.param_groups:
                    param_group["lr"] = scheduler(epoch)
        print(epoch, f"{trainer.param_groups[0]['lr']:.4f}")


net = torch.nn.Linear(3, 1)
trainer = torch.optim.SGD(net.parameters(), lr=0.01)
train(net, trainer, 2)
train(net, trainer, 3, SquareRoot(0.01))
for kind, more in (
    (lr_scheduler.MultiStepLR, {"milestones": [1, 2], "gamma": 0.5}),
    (lr_scheduler.StepLR, {"step_size": 2}),
    (lr_scheduler.CosineAnnealingLR, {"T_max": 4}),
    (lr_scheduler.LambdaLR, {"lr_lambda": SquareRoot()}),
    (lr_scheduler.OneCycleLR, {"max_lr": 0.02, "total_steps": 9}),
):
    train(net, trainer, 3, kind(trainer, **more))
    print(kind, pickle.loads(pickle.dumps(kind)) is kind)


class Warm(lr_scheduler.LRScheduler):
    def get_lr(self):
        return [0.1 * self.last_epoch for _ in self.base_lrs]


print(Warm(trainer).__module__, lr_scheduler.LRScheduler.__module__, lr_scheduler.__name__)
