"""Cleaning: a declared list of small steps that training, batch and online all apply through one object."""

from tamis.features.cleaning.cleaner import DEFAULT_CLEANING, Cleaner
from tamis.features.cleaning.step import Step
from tamis.features.cleaning.steps import STEPS

__all__ = ["DEFAULT_CLEANING", "STEPS", "Cleaner", "Step"]
