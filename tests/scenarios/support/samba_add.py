"""Adds entries to a domain controller's database before it starts, as the system itself: python3 samba_add.py smb.conf sam.ldb < LDIF"""
import sys

from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(url=sys.argv[2], session_info=system_session(), lp=settings)
database.transaction_start()
for part in sys.stdin.read().split("\n# then\n"):
    if "changetype: modify" in part:
        database.modify_ldif(part)
    else:
        database.add_ldif(part)
database.transaction_commit()
