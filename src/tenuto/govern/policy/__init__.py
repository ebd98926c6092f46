"""Who may do what: Cedar policies, roles as templates, and decisions that explain themselves."""

from tenuto.govern.policy.authorizer import Authorizer
from tenuto.govern.policy.library import PolicyLibrary, PolicyText, RoleFacts
from tenuto.govern.policy.words import Binding, Considered, Explanation, Place

__all__ = [
    "Authorizer",
    "Binding",
    "Considered",
    "Explanation",
    "Place",
    "PolicyLibrary",
    "PolicyText",
    "RoleFacts",
]
